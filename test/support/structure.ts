import type { Connection } from "../../src/postgres/connection.ts";
import { factsSql } from "../../src/postgres/fingerprint.ts";
import { quoteName } from "../../src/postgres/session.ts";
import type { TestDatabase } from "./database.ts";
import { standingRows } from "./ledger.ts";
import { withSession } from "./migrate.ts";

/** Everything that makes up a schema's structure. */
export function factsOf(connection: Connection, schema: string): Promise<readonly string[]> {
  return withSession(connection, async (client) => {
    await client.query(`SET search_path TO ${quoteName(schema)}`);
    const { rows } = await client.query<{ fact: string }>(factsSql(schema, { defaultPrivileges: true }));
    return rows.map(({ fact }) => fact).sort();
  });
}

/** What a schema's ledger says is applied, but for times. */
export function timelessLedger(database: TestDatabase, schema: string): Promise<readonly unknown[]> {
  return standingRows(database, schema);
}
