import { chownSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Connection } from "../../src/postgres/connection.ts";
import { withDatabase } from "../../src/postgres/database.ts";
import { preflight } from "../../src/postgres/preflight.ts";
import type { Problem } from "../../src/problem.ts";
import { problemText } from "../../src/problem-text.ts";
import { withEmbeddedPostgres } from "../../toolchain/embedded-postgres.ts";
import { useDatabase } from "../support/database.ts";
import { disagreements, markedFiles, markedHistory } from "../support/marked-history.ts";
import { up, wish } from "../support/migrate.ts";
import { everyCatalogRow, ledgerRows } from "../support/objects.ts";
import { databaseOn } from "../support/own-server.ts";
import { pgBouncer, withPgBouncer } from "../support/pgbouncer.ts";
import { errorsIn, makeProject } from "../support/project.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { connection, query } = database;
const role = useRole(database);
const asRole: Connection = { ...connection, ...role };
const history = markedHistory();

/** What is refused before the first change. */
function refused(as: Connection, ...schemas: readonly string[]): Promise<readonly Problem[]> {
  return withDatabase(as, 2, (some) => preflight(some, as, schemas));
}

/** The words, without what differs from run to run. */
function words(problems: readonly Problem[]): string {
  return problems
    .map(problemText)
    .join("\n")
    .replaceAll(role.user, "ROLE")
    .replaceAll(/127\.0\.0\.1:\d+/g, "SERVER");
}

test("a server that is well is not refused", async () => {
  await query("CREATE SCHEMA well");
  expect(await refused(connection, "well", "not_yet_there")).toEqual([]);
});

describe("a server that takes no changes is refused before the first step", () => {
  test("read-only by the role's settings", async () => {
    await query(`ALTER ROLE ${role.user} SET default_transaction_read_only = on`);
    const problems = await refused(asRole, "well");
    await query(`ALTER ROLE ${role.user} RESET ALL`);
    expect(words(problems)).toMatchInlineSnapshot(
      `"SERVER is read-only: default_transaction_read_only is on for this role or database. Turn it off, or use another role."`,
    );
  });

  test("read-only through the real CLI: nothing is created, no step runs", async () => {
    const project = await makeProject({ connection: asRole, stacks: { ro: ["read_only"] }, migrations: markedFiles() });
    await query(`CREATE SCHEMA read_only AUTHORIZATION ${role.user}`);
    await query(`ALTER ROLE ${role.user} SET default_transaction_read_only = on`);
    const before = await everyCatalogRow(database);
    const { exitCode, output } = await project.pulumi("preview", "--stack", "ro");
    await query(`ALTER ROLE ${role.user} RESET ALL`);
    expect(exitCode).not.toBe(0);
    expect(errorsIn(output)).toContain("is read-only: default_transaction_read_only is on for this role or database");
    expect(await everyCatalogRow(database)).toEqual(before);
  });

  test("read-only only after that was looked at: the step fails with PostgreSQL's words, nothing remains", async () => {
    await query("CREATE SCHEMA turned");
    await query(`ALTER DATABASE ${connection.database} SET default_transaction_read_only = on`);
    const results = await up(connection, { turned: wish(history) });
    await query(`ALTER DATABASE ${connection.database} RESET default_transaction_read_only`);
    expect(results).toMatchObject([{ to: "base", problems: [{ code: "step-failed", error: { sqlstate: "25006" } }] }]);
    expect(await disagreements(database, "turned")).toEqual([]);
  });

  test("a standby", async () => {
    await withEmbeddedPostgres(async (server) => {
      const signal = join(server.dataDir, "standby.signal");
      writeFileSync(signal, "");
      const { uid, gid } = statSync(server.dataDir);
      chownSync(signal, uid, gid);
      const standby = databaseOn(server);
      // A standby is never "ready", as a primary is, so that it is not waited for.
      void server.restart().catch(() => {});
      const recovering = () => standby.query("SELECT pg_is_in_recovery() AS standby").catch(() => []);
      await expect.poll(recovering, { timeout: 20_000 }).toEqual([{ standby: true }]);
      expect(words(await refused(standby.connection, "public"))).toMatchInlineSnapshot(
        `"SERVER is a standby, which takes no changes. Connect to the primary."`,
      );
    });
  });
});

describe("a role without rights on a schema is refused before the first step, with the words to grant them", () => {
  test.each([
    ["none", ""],
    ["USAGE only", `GRANT USAGE ON SCHEMA "No""rights" TO ROLE`],
  ])("%s", async (_, grant) => {
    await query(`DROP SCHEMA IF EXISTS "No""rights"; CREATE SCHEMA "No""rights"; ${grant.replace("ROLE", role.user)}`);
    const problems = await refused(asRole, 'No"rights');
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.map(({ code }) => code)).toEqual(problems.map(() => "no-rights"));
    // The way out that is told is one.
    const [, told = ""] = /Grant it: (.*)\.$/m.exec(problems.map(problemText).join("\n")) ?? [];
    await query(told);
    expect(await refused(asRole, 'No"rights')).toEqual([]);
  });
});

test("a role's own statement_timeout does not cut a step: what the config says holds", async () => {
  await query(
    `CREATE SCHEMA patient AUTHORIZATION ${role.user}; ALTER ROLE ${role.user} SET statement_timeout = '200ms'`,
  );
  const slow = markedHistory([{ id: "0001_slow", kind: "transaction", sleep: 0.4 }]);
  const results = await up(asRole, { patient: wish(slow) });
  await query(`ALTER ROLE ${role.user} RESET ALL`);
  expect(results).toMatchObject([{ to: "0001_slow", problems: [] }]);
});

const found =
  pgBouncer === undefined ? ": not run, since there is no pgbouncer on PATH (Debian: apt install pgbouncer)" : "";

describe.skipIf(pgBouncer === undefined)(`PgBouncer in front${found}`, () => {
  test.each(["transaction", "statement"] as const)(
    "in %s mode: refused with the way out, nothing ran",
    async (mode) => {
      await query(`CREATE SCHEMA pooled_${mode}`);
      const before = await everyCatalogRow(database);
      const problems = await withPgBouncer(connection, mode, (pooled) => refused(pooled, `pooled_${mode}`));
      expect(words(problems)).toBe(
        "SERVER is a pooler that gives each transaction another session (PgBouncer in transaction or statement mode). " +
          "Locks and settings would land in other clients' sessions. Connect to the server itself, or to the pooler in session mode.",
      );
      expect(await everyCatalogRow(database)).toEqual(before);
    },
  );

  test("in session mode: migrates up and down", async () => {
    await query("CREATE SCHEMA pooled_session");
    await withPgBouncer(connection, "session", async (pooled) => {
      expect(await refused(pooled, "pooled_session")).toEqual([]);
      expect(await up(pooled, { pooled_session: wish(history) })).toMatchObject([{ to: "0004_last", problems: [] }]);
      expect(await disagreements(database, "pooled_session")).toEqual([]);
      await up(pooled, { pooled_session: wish(history, { target: "base" }) });
    });
    expect(await ledgerRows(database, "pooled_session")).toEqual([]);
  });
});
