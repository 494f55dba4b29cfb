import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import pLimit from "p-limit";
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

/**
 * Clears up behind earlier work, as autovacuum and the checkpointer do between two releases, so that nobody pays for somebody else's.
 * Then all of the database is in the machine's memory, as that of a server which serves a site: what had to be read from a disk
 * depended on who had run before.
 */
export async function settle(connection: Connection): Promise<void> {
  const folder = await withClient(connection, async (client) => {
    await client.query("VACUUM");
    await client.query("CHECKPOINT");
    const { rows } = await client.query<{ folder: string }>(
      "SELECT current_setting('data_directory') || '/base/' || oid AS folder FROM pg_database WHERE datname = current_database()",
    );
    return rows[0]?.folder ?? "";
  });
  await pLimit(8).map(await readdir(folder), async (file) => {
    // Nothing of it is kept: starting a process takes the longer the larger this one is. A checkpoint may have deleted the file.
    await readFile(join(folder, file)).catch(() => {});
  });
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
