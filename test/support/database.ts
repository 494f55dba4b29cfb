import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, inject } from "vitest";
import type { Connection } from "../../src/postgres/connection.ts";

/** A fresh database on the real server, for one test file. */
export interface TestDatabase {
  readonly connection: Connection;
  /** Runs SQL as the superuser, without any search path of ours. */
  readonly query: <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) => Promise<readonly Row[]>;
}

/** Makes a database before the file's tests and drops it after them. */
export function useDatabase(): TestDatabase {
  const server = inject("server");
  const database = `test_${randomBytes(6).toString("hex")}`;
  const connection = { ...server, database };
  const pool = new pg.Pool(clientConfig(connection));
  pool.on("error", () => {});
  beforeAll(() => withAdmin(server, `CREATE DATABASE ${database}`));
  afterAll(async () => {
    await pool.end();
    await withAdmin(server, `DROP DATABASE ${database} WITH (FORCE)`);
  });
  return {
    connection,
    query: async <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) =>
      (await pool.query<Row>(sql, values)).rows,
  };
}

/** What node-postgres wants of a connection without TLS. */
export function clientConfig({ host, port, database, user, password }: Connection): pg.ClientConfig {
  return { host, port, database, user, password: password ?? "" };
}

async function withAdmin(server: Connection, sql: string): Promise<void> {
  const client = new pg.Client(clientConfig(server));
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
