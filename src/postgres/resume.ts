import type pg from "pg";
import type { Statement } from "../script/parse-script.ts";
import { repetition } from "../script/repeatable.ts";
import { patiently } from "./connection.ts";
import { quoteName } from "./session.ts";

/**
 * Clears away what an interrupted statement left, so that it can be run again.
 *
 * @returns false where it had finished, and is not to be run
 */
export async function prepareAgain(client: pg.ClientBase, schema: string, statement: Statement): Promise<boolean> {
  const how = repetition(statement);
  if (how === undefined || how.kind === "again") return true;
  const state = await indexState(client, schema, how.index);
  if (how.kind === "drop-index") return state !== "missing";
  if (state === "invalid") {
    const text = `DROP INDEX CONCURRENTLY ${quoteName(schema)}.${quoteName(how.index)}`;
    await client.query(patiently(text));
  }
  return state !== "valid";
}

async function indexState(
  client: pg.ClientBase,
  schema: string,
  index: string,
): Promise<"missing" | "invalid" | "valid"> {
  const { rows } = await client.query<{ valid: boolean }>(
    `SELECT i.indisvalid AND i.indisready AS valid
       FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
      WHERE c.relname = $1 AND c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $2)`,
    [index, schema],
  );
  const [found] = rows;
  return found ? (found.valid ? "valid" : "invalid") : "missing";
}
