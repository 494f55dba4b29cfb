import { randomBytes } from "node:crypto";
import pg from "pg";
import type { Connection } from "../src/postgres/connection.ts";
import { type EmbeddedServer, withEmbeddedPostgres } from "../toolchain/embedded-postgres.ts";

/**
 * What a production server has: a commit is on the disk when it is answered. The embedded server of the tests runs without,
 * so it is said here; all else is PostgreSQL's default.
 */
export const SETTINGS: Readonly<Record<string, string>> = {
  fsync: "on",
  full_page_writes: "on",
  synchronous_commit: "on",
};

/** A fresh server for the callback, with the settings of the benchmarks. */
export function withBenchServer<T>(callback: (server: EmbeddedServer) => Promise<T>): Promise<T> {
  return withEmbeddedPostgres(callback, { settings: SETTINGS });
}

/** A session of the benchmark's own, outside of what is measured. */
export async function withClient<T>(connection: Connection, callback: (client: pg.Client) => Promise<T>): Promise<T> {
  const { host, port, database, user, password } = connection;
  const client = new pg.Client({ host, port, database, user, password: password ?? "" });
  await client.connect();
  try {
    return await callback(client);
  } finally {
    await client.end();
  }
}

/**
 * A database of its own with empty schemas, so that no tool sees another's. It stays as long as the server does: for minutes
 * after files were deleted, an ext4 without a journal looks in vain at each of their inodes whenever one is created, and
 * whoever came after a dropped database was twice as slow.
 */
export async function createDatabase(
  { host, port, user, password, database: first }: EmbeddedServer,
  schemas: readonly string[],
): Promise<Connection> {
  const database = `bench_${randomBytes(4).toString("hex")}`;
  const connection: Connection = { host, port, user, password, database, sslmode: "disable" };
  await withClient({ ...connection, database: first }, (client) => client.query(`CREATE DATABASE ${database}`));
  await withClient(connection, async (client) => {
    for (const schema of schemas) await client.query(`CREATE SCHEMA ${schema}`);
  });
  return connection;
}

/** Writes out what earlier work left in memory, so that nobody pays for somebody else's. */
export async function settle(connection: Connection): Promise<void> {
  await withClient(connection, (client) => client.query("CHECKPOINT"));
}

/** libpq's variables for a tool that reads them. */
export function libpq({ host, port, database, user, password }: Connection): Readonly<Record<string, string>> {
  return {
    PGHOST: host,
    PGPORT: `${port}`,
    PGDATABASE: database,
    PGUSER: user,
    PGPASSWORD: password ?? "",
    PGSSLMODE: "disable",
  };
}

/** "18.4": what the server says that it is. */
export async function serverVersion({ host, port, user, password, database }: EmbeddedServer): Promise<string> {
  const connection: Connection = { host, port, user, password, database, sslmode: "disable" };
  const { rows } = await withClient(connection, (client) =>
    client.query<{ server_version: string }>("SHOW server_version"),
  );
  return rows[0]?.server_version ?? "";
}
