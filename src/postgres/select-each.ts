import pg from "pg";
import { type Problem, Refusal } from "../problem.ts";
import { endsSession } from "./sqlstate.ts";
import { unreadable } from "./unreadable.ts";

/**
 * A message is one transaction and keeps its locks to the end, some three a schema: all of a large fleet in one would
 * fill the server's lock table (max_locks_per_transaction, manual 19.12).
 */
const SCHEMAS_A_MESSAGE = 100;

/**
 * Runs one SELECT on a table of each schema, many in a message, and returns the rows by schema.
 *
 * @param tableOf the table, quoted
 * @throws Refusal ledger-held or ledger-unreadable, with the schemas whose tables cannot be read
 */
export async function selectEach<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  schemas: readonly string[],
  tableOf: (schema: string) => string,
  select: (table: string) => string,
): Promise<ReadonlyMap<string, readonly Row[]>> {
  const found = new Map<string, readonly Row[]>();
  for (let first = 0; first < schemas.length; first += SCHEMAS_A_MESSAGE) {
    const some = schemas.slice(first, first + SCHEMAS_A_MESSAGE);
    const rows = await inOneMessage<Row>(client, some.map(tableOf).map(select)).catch((error: unknown) =>
      oneByOne<Row>(client, some, tableOf, select, refusedRead(error)),
    );
    for (const [index, schema] of some.entries()) found.set(schema, rows[index] ?? []);
  }
  return found;
}

async function inOneMessage<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  selects: readonly string[],
): Promise<readonly (readonly Row[])[]> {
  // Several statements are answered by an array of results, a single one by the result itself.
  const answer: unknown = await client.query(selects.join(";\n"));
  const results = (Array.isArray(answer) ? answer : [answer]) as readonly pg.QueryResult<Row>[];
  return results.map(({ rows }) => rows);
}

/** So long those that cannot be read are looked for, once one is found: each that is held takes seconds of waiting. */
const LOOKING_MS = 10_000;

/** After a message that failed, which does not say whose table it was. */
async function oneByOne<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  schemas: readonly string[],
  tableOf: (schema: string) => string,
  select: (table: string) => string,
  failure: pg.DatabaseError,
): Promise<readonly (readonly Row[])[]> {
  const [only] = schemas;
  if (only !== undefined && schemas.length === 1)
    throw new Refusal([await unreadable(client, only, tableOf(only), failure)]);
  const until = performance.now() + LOOKING_MS;
  const found: (readonly Row[])[] = [];
  const problems: Problem[] = [];
  for (const schema of schemas) {
    const table = tableOf(schema);
    try {
      found.push(...(await inOneMessage<Row>(client, [select(table)])));
    } catch (error) {
      problems.push(await unreadable(client, schema, table, refusedRead(error)));
    }
    if (problems.length > 0 && performance.now() > until) break;
  }
  if (problems.length > 0) throw new Refusal(problems);
  return found;
}

/** A table that may not be read is a refusal; a session that ended is for the caller to understand. */
function refusedRead(error: unknown): pg.DatabaseError {
  if (!(error instanceof pg.DatabaseError) || endsSession(error)) throw error;
  return error;
}
