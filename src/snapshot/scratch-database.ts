import { randomBytes } from "node:crypto";
import type { Connection } from "../postgres/connection.ts";
import { withDatabase } from "../postgres/database.ts";
import { quoteName } from "../postgres/session.ts";

/** A name that nothing else in the world has, and that is written without quotes. */
export function unguessableName(): string {
  return `snapshot_${randomBytes(16).toString("hex")}`;
}

/**
 * Makes a database beside the connection's own, with the same extensions, and drops it behind the callback. The user's own one
 * is only read.
 *
 * @param schemas to be there for extensions
 */
export async function withScratchDatabase<T>(
  connection: Connection,
  schemas: readonly string[],
  callback: (scratch: Connection) => Promise<T>,
): Promise<T> {
  const scratch = { ...connection, database: unguessableName() };
  const extensions = await execute<Extension>(connection, EXTENSIONS);
  await execute(connection, `CREATE DATABASE ${scratch.database} TEMPLATE template0`);
  try {
    await execute(
      scratch,
      [
        ...[...schemas, ...extensions.map(({ schema }) => schema)].map(
          (schema) => `CREATE SCHEMA IF NOT EXISTS ${quoteName(schema)}`,
        ),
        ...extensions.map(
          ({ name, schema }) => `CREATE EXTENSION IF NOT EXISTS ${quoteName(name)} SCHEMA ${quoteName(schema)} CASCADE`,
        ),
      ].join(";\n"),
    );
    return await callback(scratch);
  } finally {
    await execute(connection, `DROP DATABASE IF EXISTS ${scratch.database} WITH (FORCE)`);
  }
}

interface Extension {
  readonly name: string;
  readonly schema: string;
}

/** Those that template0 has are in pg_catalog. */
const EXTENSIONS = `SELECT e.extname AS name, n.nspname AS schema
  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
 WHERE n.nspname <> 'pg_catalog' ORDER BY e.oid`;

function execute<Row extends object>(connection: Connection, sql: string): Promise<readonly Row[]> {
  return withDatabase(connection, 1, (database) =>
    database.withClient(async (client) => (await client.query<Row>(sql)).rows),
  );
}
