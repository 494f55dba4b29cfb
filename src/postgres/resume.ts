import type pg from "pg";
import type { ParsedScript, Statement } from "../script/parse-script.ts";
import { newIndexes, type Repetition, repetition } from "../script/repeatable.ts";
import { patiently } from "./database.ts";
import { quoteName, quoteText } from "./session.ts";

type IndexState = "missing" | "invalid" | "valid";

/** What comes before a statement that is run again, hanging on the state of its index. */
export interface Resumption {
  /** Selects the index's state, one row with a column `state`. */
  readonly look: string;
  /** Drops what was left, in the state `invalid`. */
  readonly clear: string | undefined;
  /** The state in which the statement had finished, and is not to be run. */
  readonly finished: IndexState;
}

/** How a statement that may have been interrupted is run again; undefined where it simply is. */
export function resumption(schema: string, statement: Statement): Resumption | undefined {
  const how: Repetition | undefined = repetition(statement);
  if (how === undefined || how.kind === "again" || how.kind === "reindex") return undefined;
  const look = selectState(schema, how.index);
  if (how.kind === "drop-index") return { look, clear: undefined, finished: "missing" };
  const clear = `DROP INDEX CONCURRENTLY ${quoteName(schema)}.${quoteName(how.index)}`;
  return { look, clear, finished: "valid" };
}

/**
 * Statements that fail where something has the name of an index that a script makes: by its name a later run knows it as made. IF NOT
 * EXISTS, which passes over an index that is invalid as well, fails at that.
 */
export function refuseTaken(schema: string, script: ParsedScript): readonly string[] {
  return newIndexes(script).map(({ name, ifMissing }) => {
    const index = `${quoteName(schema)}.${quoteName(name)}`;
    return ifMissing
      ? raiseIf(
          `(${selectState(schema, name)}) = 'invalid'`,
          `index "${name}" is there and INVALID, which IF NOT EXISTS would leave as it is: DROP INDEX CONCURRENTLY ${index}`,
        )
      : raiseIf(
          `pg_catalog.to_regclass(${quoteText(index)}) IS NOT NULL`,
          `relation "${name}" already exists, and the script would make an index of that name`,
        );
  });
}

function raiseIf(condition: string, text: string): string {
  return `DO ${quoteText(`BEGIN IF ${condition} THEN RAISE duplicate_table USING MESSAGE = ${quoteText(text)}; END IF; END`)}`;
}

/**
 * Clears away what an interrupted statement left, so that it can be run again.
 *
 * @returns false where it had finished, and is not to be run
 */
export async function prepareAgain(client: pg.ClientBase, schema: string, statement: Statement): Promise<boolean> {
  const how = repetition(statement);
  if (how?.kind === "reindex") await dropCopies(client, schema, how.relation);
  const resumed = resumption(schema, statement);
  if (!resumed) return true;
  const { rows } = await client.query<{ state: IndexState }>(resumed.look);
  const state = rows[0]?.state;
  if (state === "invalid" && resumed.clear) await client.query(patiently(resumed.clear));
  return state !== resumed.finished;
}

/** Each would go on taking part in every write of its table, until someone finds it. */
async function dropCopies(client: pg.ClientBase, schema: string, relation: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name
       FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
      WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AND c.relnamespace = pg_catalog.to_regnamespace($1)
        AND i.indrelid IN (SELECT pg_catalog.to_regclass($2)
                           UNION SELECT indrelid FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass($2))`,
    [quoteName(schema), `${quoteName(schema)}.${quoteName(relation)}`],
  );
  for (const { name } of rows) {
    await client.query(patiently(`DROP INDEX CONCURRENTLY ${quoteName(schema)}.${quoteName(name)}`));
  }
}

function selectState(schema: string, index: string): string {
  return `SELECT coalesce((
  SELECT CASE WHEN i.indisvalid AND i.indisready THEN 'valid' ELSE 'invalid' END
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
   WHERE c.relname = ${quoteText(index)}
     AND c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ${quoteText(schema)})), 'missing') AS state`;
}
