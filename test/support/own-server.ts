import pg from "pg";
import type { Connection } from "../../src/postgres/connection.ts";
import { APPLICATION_NAME } from "../../src/postgres/database.ts";
import type { EmbeddedServer } from "../../toolchain/embedded-postgres.ts";
import { clientConfig, type TestDatabase } from "./database.ts";

/** A database of a server that a test started for itself; each query in a session of its own, so it may crash. */
export function databaseOn(
  { host, port, user, password, ...server }: EmbeddedServer,
  database: string = server.database,
): TestDatabase {
  const connection: Connection = { host, port, user, password, database, sslmode: "disable" };
  return {
    connection,
    query: async <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) => {
      const client = new pg.Client(clientConfig(connection));
      client.on("error", () => {});
      await client.connect();
      try {
        return (await client.query<Row>(sql, values)).rows;
      } finally {
        await client.end();
      }
    },
  };
}

/** Process ids of the server's side of our sessions in a database. */
export async function ourBackends({ query }: TestDatabase): Promise<readonly number[]> {
  const rows = await query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1",
    [APPLICATION_NAME],
  );
  return rows.map(({ pid }) => pid);
}

/** Ends all our sessions in a database, as an administrator would, and waits until they are gone. */
export async function terminateOurs(database: TestDatabase): Promise<void> {
  for (const pid of await ourBackends(database)) await database.query("SELECT pg_terminate_backend($1, 5000)", [pid]);
}

/** Waits until a session of ours is inside pg_sleep(), so in the middle of a script. */
export async function sleeping({ query }: TestDatabase): Promise<void> {
  const sql = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
  while ((await query(sql)).length === 0);
}
