import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { withSession } from "../support/migrate.ts";
import { ledgerRows } from "../support/objects.ts";
import { makeProject } from "../support/project.ts";

const database = useDatabase();
const project = await makeProject({
  connection: database.connection,
  stacks: { all: ["one", "two"] },
  migrations: { "0001_a.up.sql": "CREATE TABLE a (id int);\n" },
});
const up = (...args: readonly string[]) => project.pulumi("up", "--yes", "--skip-preview", "--stack", "all", ...args);

test("a schema whose ledger another session holds can be left out, as the refusal says, and comes back later", async () => {
  await up();
  project.write({ "migrations/0002_b.up.sql": "CREATE TABLE b (id int);\n" });
  await withSession(database.connection, async (other) => {
    await other.query("BEGIN; LOCK TABLE two.migration_ledger");
    const { exitCode, output } = await up();
    expect(exitCode).not.toBe(0);
    expect(output).toContain('Schema "two": another session keeps its ledger from being read. In the way: ');
    expect(output).toContain('Or leave the schema out until then: config "exclude".');
    await project.pulumi("config", "set", "--path", "exclude[0]", "two", "--stack", "all");
    const without = await up("--refresh=false");
    expect(without.exitCode, without.output).toBe(0);
    await other.query("ROLLBACK");
  });
  expect(await ledgerRows(database, "one")).toHaveLength(2);
  expect(await ledgerRows(database, "two")).toHaveLength(1);
  await project.pulumi("config", "rm", "exclude", "--stack", "all");
  expect((await up()).exitCode).toBe(0);
  expect(await ledgerRows(database, "two")).toHaveLength(2);
});
