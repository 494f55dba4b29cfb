import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { up, wish } from "../support/migrate.ts";
import { ledgerRows, objectsOf } from "../support/objects.ts";

const database = useDatabase();
const { connection, query } = database;

test("an index built concurrently waits out another schema's long transaction, beyond the lock time-out", async () => {
  await query("CREATE SCHEMA slow; CREATE SCHEMA builds");
  const users = "CREATE TABLE users (id int)";
  const slow = historyOf({ "0001_users": users, "0002_backfill": "INSERT INTO users SELECT 1 FROM pg_sleep(4)" });
  const builds = historyOf({
    "0001_users": users,
    "0002_wait": "SELECT pg_sleep(0.5)",
    "0003_index": "CREATE INDEX CONCURRENTLY i ON users (id)",
  });
  const settings = { searchPath: [], lockTimeoutMs: 1_000, statementTimeoutMs: 0 };
  const told: string[] = [];
  const results = await up(
    connection,
    { slow: wish(slow), builds: wish(builds) },
    { concurrency: 2, settings, onRetry: (plan, step) => void told.push(`${plan.schema} ${step.revision}`) },
  );
  expect(results.flatMap((result) => result.problems)).toEqual([]);
  expect(told).toContain("builds 0003_index");
  expect(await objectsOf(database, "builds")).toContain("index i");
  expect(await ledgerRows(database, "builds")).toContain("3 0003_index applied");
});
