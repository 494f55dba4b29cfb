import pg from "pg";
import { Refusal } from "../problem.ts";
import { serverError } from "./server-error.ts";
import { endsSession } from "./sqlstate.ts";

/**
 * A message is one transaction and keeps its locks to the end, some three a schema: all of a large fleet in one would
 * fill the server's lock table (max_locks_per_transaction, manual 19.12).
 */
const SCHEMAS_A_MESSAGE = 100;

/** Runs one SELECT for each schema (or table), many in a message, and returns the rows by it. */
export async function selectEach<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  schemas: readonly string[],
  select: (schema: string) => string,
): Promise<ReadonlyMap<string, readonly Row[]>> {
  const found = new Map<string, readonly Row[]>();
  for (let first = 0; first < schemas.length; first += SCHEMAS_A_MESSAGE) {
    const some = schemas.slice(first, first + SCHEMAS_A_MESSAGE);
    // Several statements are answered by an array of results, a single one by the result itself.
    const answer: unknown = await client.query(some.map(select).join(";\n")).catch(refused);
    const results = (Array.isArray(answer) ? answer : [answer]) as readonly pg.QueryResult<Row>[];
    for (const [index, schema] of some.entries()) found.set(schema, results[index]?.rows ?? []);
  }
  return found;
}

/** A server that may not be read from is a refusal; a session that ended is for the caller to understand. */
function refused(error: unknown): never {
  if (!(error instanceof pg.DatabaseError) || endsSession(error)) throw error;
  throw new Refusal([{ code: "server-error", doing: "to read the ledgers", error: serverError(error) }]);
}
