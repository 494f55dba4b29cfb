import type pg from "pg";
import type { Ledger } from "../plan/ledger.ts";
import type { Database } from "./connection.ts";
import { readLedgers } from "./ledger-table.ts";

/** So many schemas are worth the sign-in of one session more. */
const SCHEMAS_A_SESSION = 100;

/** More would take connections from the site, and cores from the server. */
const MOST_READERS = 4;

/**
 * As {@link readLedgers}, in several sessions at once where the schemas are many: what it takes is the server's time, and a
 * session has one of its cores.
 *
 * @param database lends the sessions beside the client's
 */
export async function readFleet(
  database: Database,
  client: pg.ClientBase,
  schemas: readonly string[],
): Promise<readonly Ledger[]> {
  const readers = Math.min(MOST_READERS, database.sessions, Math.ceil(schemas.length / SCHEMAS_A_SESSION));
  if (readers <= 1) return readLedgers(client, schemas);
  const size = Math.ceil(schemas.length / readers);
  const parts = Array.from({ length: readers }, (_, index) => schemas.slice(index * size, (index + 1) * size));
  const read = await Promise.all(
    parts.map((part, index) => (index === 0 ? readLedgers(client, part) : readElsewhere(database, part))),
  );
  const ledgers: Ledger[] = [];
  for (const [index, part] of parts.entries()) ledgers.push(...(read[index] ?? (await readLedgers(client, part))));
  return ledgers;
}

/**
 * Undefined where it could not be: a session that the server did not grant is no loss, and what went wrong otherwise goes wrong
 * again in the session that is there, and is told.
 */
async function readElsewhere(database: Database, schemas: readonly string[]): Promise<readonly Ledger[] | undefined> {
  try {
    return await database.withClient((other) => readLedgers(other, schemas));
  } catch {
    return undefined;
  }
}
