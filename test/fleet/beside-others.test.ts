import { expect, test } from "vitest";
import { problemText } from "../../src/problem-text.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { migrate, up, wish, withSession } from "../support/migrate.ts";

const database = useDatabase();
const { connection, query } = database;
const history = historyOf({
  "0001_users": "CREATE TABLE users (id int)",
  "0002_email": "ALTER TABLE users ADD email text",
});

test("a ledger that another session holds fails its own schema, which names that session, and no other", async () => {
  for (const name of ["held", "free"]) {
    await query(`CREATE SCHEMA ${name}`);
    await migrate(connection, name, history, { target: "1" });
  }
  const results = await withSession(connection, async (other) => {
    await other.query("BEGIN; LOCK TABLE held.migration_ledger");
    const results = await up(
      connection,
      { held: wish(history), free: wish(history) },
      { concurrency: 1, onFailure: "continue" },
    );
    await other.query("ROLLBACK");
    return results;
  });
  const told = results.map(({ schema, problems }) => [schema, ...problems.map(problemText)].join(": "));
  expect(
    told
      .join("\n")
      .replace(/pid \d+, for \d+ s/, "pid PID, for N s")
      .replace(/ of \S+ \(/, " of USER ("),
  ).toMatchInlineSnapshot(`
    "held: Schema "held": another session keeps its ledger from being read. In the way: pulumi-schema-migrations of USER (pid PID, for N s), whose last statement is
      BEGIN; LOCK TABLE held.migration_ledger
    Run again when it is done. Or leave the schema out until then: config "exclude".
    free"
  `);
});

test("steps that change what all schemas share do not take each other for another run", async () => {
  const slow = historyOf({ "0001_shared": "CREATE EXTENSION IF NOT EXISTS plpgsql; SELECT pg_sleep(0.5)" });
  const names = ["one", "two", "three", "four"];
  for (const name of names) await query(`CREATE SCHEMA ${name}`);
  const wishes = Object.fromEntries(names.map((name) => [name, wish(slow)]));
  const results = await up(connection, wishes, { concurrency: 4, waitMs: 600 });
  expect(results.map(({ to, problems }) => [to, problems])).toEqual(names.map(() => ["0001_shared", []]));
});

test("what all schemas share is defined by one of them after the other, also where a script names the schema of it", async () => {
  const shared = historyOf({
    "0001_shared": "CREATE TABLE IF NOT EXISTS public.shared (id int); SELECT pg_sleep(0.2)",
  });
  const names = ["red", "green", "blue", "grey"];
  for (const name of names) await query(`CREATE SCHEMA ${name}`);
  const wishes = Object.fromEntries(names.map((name) => [name, wish(shared)]));
  const results = await up(connection, wishes, { concurrency: 4 });
  expect(results.map(({ to, problems }) => [to, problems])).toEqual(names.map(() => ["0001_shared", []]));
});
