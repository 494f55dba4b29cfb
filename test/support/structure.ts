import type { Connection } from "../../src/postgres/connection.ts";
import { factsSql } from "../../src/postgres/fingerprint.ts";
import { quoteName } from "../../src/postgres/session.ts";
import type { TestDatabase } from "./database.ts";
import { withSession } from "./migrate.ts";

/** Everything that makes up a schema's structure. */
export function factsOf(connection: Connection, schema: string): Promise<readonly string[]> {
  return withSession(connection, async (client) => {
    await client.query(`SET search_path TO ${quoteName(schema)}`);
    const { rows } = await client.query<{ fact: string }>(factsSql(schema, { defaultPrivileges: true }));
    return rows.map(({ fact }) => fact).sort();
  });
}

/** A schema's whole ledger, but for times. */
export function timelessLedger({ query }: TestDatabase, schema: string): Promise<readonly unknown[]> {
  return query(
    `SELECT position, revision, checksum, down, in_transaction, state, applied_by FROM ${quoteName(schema)}.migration_ledger ORDER BY position`,
  );
}
