import type { TestProject } from "vitest/node";
import type { Connection } from "../../src/postgres/connection.ts";
import { startEmbeddedPostgres } from "../../toolchain/embedded-postgres.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The one real server of a test run; each test file makes a database of its own on it. */
    readonly server: Connection;
  }
}

/** vitest's global set-up: a real PostgreSQL for the run, stopped behind it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { host, port, user, password, database, stop } = await startEmbeddedPostgres();
  project.provide("server", { host, port, user, password, database, sslmode: "disable" });
  return stop;
}
