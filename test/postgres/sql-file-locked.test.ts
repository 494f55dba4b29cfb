import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lockKey } from "../../src/postgres/advisory-lock.ts";
import { readLedgers } from "../../src/postgres/ledger-table.ts";
import { writeSqlFile } from "../../src/pulumi/sql-file.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { planFor, SETTINGS, withSession } from "../support/migrate.ts";
import { pgVariables } from "../support/project.ts";

const { connection, query } = useDatabase();
const folder = mkdtempSync(join(tmpdir(), "sql-file-"));
const before = process.cwd();
beforeAll(() => process.chdir(folder));
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

test("does nothing, and fails, while another run migrates the schema", async () => {
  await query("CREATE SCHEMA busy");
  const ledgers = await withSession(connection, (client) => readLedgers(client, ["busy"]));
  const plans = ledgers.map((ledger) => planFor(ledger, historyOf({ "0001_a": "CREATE TABLE a (id int)" })));
  const file = writeSqlFile("busy", plans, SETTINGS, "ana@laptop");
  await withSession(connection, async (client) => {
    await client.query(`SELECT pg_advisory_lock(${lockKey("busy")})`);
    const { exitCode } = await execa("psql", ["-X", "-q", "-f", file], {
      env: { ...pgVariables(connection) },
      reject: false,
    });
    expect(await query("SELECT 1 FROM pg_class WHERE relname = 'a'")).toEqual([]);
    expect(exitCode).not.toBe(0);
  });
});
