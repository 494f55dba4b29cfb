import type { TestProject } from "vitest/node";
import type { Connection } from "../../src/postgres/connection.ts";
import { startEmbeddedPostgres } from "../../toolchain/embedded-postgres.ts";
import { withSession } from "./migrate.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The one real server of a test run; each test file makes a database of its own on it. */
    readonly server: Connection;
    /** Its major version. */
    readonly major: number;
  }
}

/** vitest's global set-up: a real PostgreSQL for the run, stopped behind it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { host, port, user, password, database, stop } = await startEmbeddedPostgres();
  const connection: Connection = { host, port, user, password, database, sslmode: "disable" };
  project.provide("server", connection);
  project.provide("major", await majorOf(connection));
  return stop;
}

async function majorOf(connection: Connection): Promise<number> {
  const { rows } = await withSession(connection, (client) =>
    client.query<{ major: number }>("SELECT current_setting('server_version_num')::int / 10000 AS major"),
  );
  return rows[0]?.major ?? 0;
}
