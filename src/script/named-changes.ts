import type { Node } from "libpg-query";
import type { ParsedScript, Statement } from "./parse-script.ts";
import { withQueries } from "./queries-in.ts";
import { schemasOf, targetsOf } from "./targets.ts";
import { renewal, thingsOf } from "./things.ts";

/** A statement that names the schema of what it changes, where others leave that to the search path. */
export interface NamedChange {
  readonly statement: Statement;
  readonly schema: string;
  /** True where it is about the schema as a whole, and cannot leave its name out. */
  readonly whole: boolean;
  /** False where it changes rows alone. */
  readonly defines: boolean;
  /** True where doing the same a second time, for the next schema, is no error. */
  readonly repeatable: boolean;
}

/**
 * What a script changes in a schema that it names: the same one, whichever schema it runs for. What it only reads there, or refers
 * to, may well be there for all. A DO block, a function and what a query calls are not looked into.
 */
export function namedChanges(script: ParsedScript): readonly NamedChange[] {
  const changes = known.get(script) ?? lookAt(script);
  known.set(script, changes);
  return changes;
}

/** Asked of each step in each of a thousand schemas: each script is looked at once. */
const known = new WeakMap<ParsedScript, readonly NamedChange[]>();

function lookAt({ statements }: ParsedScript): readonly NamedChange[] {
  const parts = statements.flatMap((statement) =>
    withQueries(statement.node).map((node) => ({ statement, node, things: thingsOf(node) })),
  );
  const isRenewed = renewal(parts.flatMap(({ things }) => things));
  return parts.flatMap(({ statement, node, things }) => {
    const repeatable = things.every((thing) => !thing.once || isRenewed(thing));
    const change = (schema: string, whole: boolean): readonly NamedChange[] =>
      OF_NO_ONE.test(schema) ? [] : [{ statement, schema, whole, defines: !changesRows(node), repeatable }];
    return [
      ...schemasOf(node).flatMap((schema) => change(schema, true)),
      ...targetsOf(node).flatMap(([schema, name]) =>
        schema === undefined || name === undefined ? [] : change(schema, false),
      ),
    ];
  });
}

/** The session's temporary tables, and PostgreSQL's own. */
const OF_NO_ONE = /^pg_/;

function changesRows(node: Node): boolean {
  return ROWS.has(Object.keys(node)[0] ?? "");
}

const ROWS: ReadonlySet<string> = new Set([
  "CopyStmt",
  "DeleteStmt",
  "InsertStmt",
  "MergeStmt",
  "RefreshMatViewStmt",
  "TruncateStmt",
  "UpdateStmt",
]);
