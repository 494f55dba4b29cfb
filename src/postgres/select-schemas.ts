import pg from "pg";
import { type Problem, Refusal } from "../problem.ts";
import { fitsAny, isPattern, schemaNameProblem } from "../schema-name.ts";
import type { Connection } from "./connection.ts";
import { withDatabase } from "./database.ts";
import { serverError } from "./server-error.ts";

/** Which schemas a fleet owns, as its config says it. */
export interface Selection {
  /** Names, and patterns over what exists: `tenant_*`. */
  readonly schemas: readonly string[];
  /** A query whose first column names more. */
  readonly schemasQuery?: string | undefined;
  /** Names and patterns of schemas to leave alone. */
  readonly exclude: readonly string[];
}

/** The schemas of a fleet, each once: those listed by name in their order, then the others by name. */
export interface Selected {
  readonly schemas: readonly string[];
  /**
   * Those that the config lists by name, also where they are excluded: what the program declares of them stays declared, or an
   * `onDestroy: drop` would take it for gone.
   */
  readonly listed: readonly string[];
  /** Those that would be owned if they were not excluded. */
  readonly excluded: readonly string[];
}

/**
 * Finds the schemas of a selection, in a read-only session. Where all are listed by name no server is asked.
 *
 * @throws Refusal server-error for a query that fails, schemas-query for one that does not name schemas
 */
export async function selectSchemas(connection: Connection, selection: Selection): Promise<Selected> {
  const { schemas, schemasQuery, exclude } = selection;
  const patterns = schemas.filter(isPattern);
  const names = schemas.filter((name) => !isPattern(name));
  const found =
    patterns.length === 0 && schemasQuery === undefined ? [] : await find(connection, patterns, schemasQuery);
  const all = [...new Set([...names, ...found.toSorted()])];
  const excluded = all.filter((name) => fitsAny(name, exclude));
  const left = new Set(excluded);
  return {
    schemas: all.filter((name) => !left.has(name)),
    listed: names,
    excluded,
  };
}

async function find(
  connection: Connection,
  patterns: readonly string[],
  schemasQuery: string | undefined,
): Promise<readonly string[]> {
  return withDatabase(connection, 1, (database) =>
    database.withClient(async (client) => {
      await client.query("SET default_transaction_read_only = on; SET statement_timeout = '20s'");
      const existing = patterns.length === 0 ? [] : await existingSchemas(client);
      return [
        ...existing.filter((name) => fitsAny(name, patterns)),
        ...(schemasQuery === undefined ? [] : await queried(client, schemasQuery)),
      ];
    }),
  );
}

async function existingSchemas(client: pg.ClientBase): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT nspname AS name FROM pg_catalog.pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'",
  );
  return rows.map((row) => row.name);
}

/** Types whose text is not the name, by their oid. */
const CHANGED: ReadonlyMap<number, string> = new Map([
  [1042, "char(n), which fills names up with spaces,"],
  [4089, "regnamespace, which quotes names,"],
]);

async function queried(client: pg.ClientBase, sql: string): Promise<readonly string[]> {
  // Prepared, so that it is one statement: a second one could leave the read-only session.
  const query: pg.QueryArrayConfig = { text: sql, values: [], rowMode: "array", name: "schemasQuery" };
  const { rows, fields } = await client.query<readonly unknown[]>(query).catch((error: unknown): never => {
    if (!(error instanceof pg.DatabaseError)) throw error;
    throw new Refusal([{ code: "server-error", doing: "to run schemasQuery", error: serverError(error) }]);
  });
  const column = fields[0];
  if (!column) throw new Refusal([{ code: "schemas-query", got: "no column" }]);
  const changed = CHANGED.get(column.dataTypeID);
  if (changed !== undefined) throw new Refusal([{ code: "schemas-query", got: changed }]);
  const names = rows.map(([name]) => name);
  const bad = names.find((name) => typeof name !== "string");
  if (bad !== undefined) throw new Refusal([{ code: "schemas-query", got: JSON.stringify(bad) }]);
  const problems = [...new Set(names as readonly string[])].flatMap((name): readonly Problem[] =>
    schemaNameProblem(name),
  );
  if (problems.length > 0) throw new Refusal(problems);
  return names as readonly string[];
}
