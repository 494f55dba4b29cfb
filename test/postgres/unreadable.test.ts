import type pg from "pg";
import { beforeAll, expect, test } from "vitest";
import type { Connection } from "../../src/postgres/connection.ts";
import { withDatabase } from "../../src/postgres/database.ts";
import { errorText } from "../../src/problem-text.ts";
import { planAll } from "../../src/pulumi/plan-all.ts";
import { read } from "../../src/pulumi/read.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { up, wish, withSession } from "../support/migrate.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { connection, query } = database;
const history = historyOf({ "0001_a": "CREATE TABLE a (id int)" });
const names = ["one", "two", "three", "four"];
const role = useRole(database);
const deployer: Connection = { ...connection, ...role };

beforeAll(async () => {
  for (const name of names) await query(`CREATE SCHEMA ${name} AUTHORIZATION ${role.user}`);
  await up(deployer, Object.fromEntries(names.map((name) => [name, wish(history)])));
});

/** What planning all of them says, with what differs from run to run taken out. */
async function plannedOr(): Promise<string> {
  const wishes = new Map(names.map((name) => [name, wish(history)]));
  const plan = withDatabase(deployer, 3, (database) => planAll(database, deployer, wishes));
  return told(plan.then(() => "planned", errorText));
}

async function refreshed(): Promise<string> {
  const state = { connection: deployer, current: { "0001_a": names }, pending: {}, applied: ["0001_a"], steps: {} };
  return told(read("id", state).then(() => "read", errorText));
}

async function told(text: Promise<string>): Promise<string> {
  return (await text)
    .replace(/pid \d+/g, "pid PID")
    .replaceAll(role.user, "deployer")
    .replaceAll(connection.user, "admin");
}

/** Another session that has begun something, until the callback is done. */
function beside<T>(sql: string, callback: (other: pg.ClientBase) => Promise<T>): Promise<T> {
  return withSession(connection, async (other) => {
    await other.query(`BEGIN; ${sql}`);
    const result = await callback(other);
    await other.query("ROLLBACK");
    return result;
  });
}

test("a ledger that another session holds stops the plan with its schema's name, and that session's", async () => {
  expect(await beside("DROP SCHEMA two CASCADE", plannedOr)).toMatchInlineSnapshot(`
    "Schema "two": another session keeps its ledger from being read. In the way: pulumi-schema-migrations of admin (pid PID), whose last statement is
      <insufficient privilege>
    Run again when it is done. Or leave the schema out until then: config "exclude"."
  `);
});

test("one that is let go while those that are held are looked for is read", async () => {
  const text = await beside("LOCK TABLE two.migration_ledger", async (other) => {
    const planning = plannedOr();
    setTimeout(() => void other.query("ROLLBACK"), 2_500);
    return planning;
  });
  expect(text).toBe("planned");
});

test("ledgers of another role, as after a restore, are told with their schemas and how to take them back", async () => {
  const owned = (owner: string) =>
    query(`ALTER TABLE one.migration_ledger OWNER TO ${owner}; ALTER TABLE three.migration_ledger OWNER TO ${owner}`);
  await owned(connection.user);
  expect(await plannedOr()).toMatchInlineSnapshot(`
    "Schema "one": "one".migration_ledger cannot be read: permission denied for table migration_ledger (SQLSTATE 42501)
    It belongs to "admin". Take it back: ALTER TABLE "one".migration_ledger OWNER TO "deployer". Or leave the schema out until then: config "exclude".
    The same in three."
  `);
  expect(await refreshed()).toMatchInlineSnapshot(`
    "Schema "one": "one".migration_ledger cannot be read: permission denied for table migration_ledger (SQLSTATE 42501)
    It belongs to "admin". Take it back: ALTER TABLE "one".migration_ledger OWNER TO "deployer". Or leave the schema out until then: config "exclude".
    The same in three.
    The refresh signs in as the last up did and reads all that it left, also what is excluded since: pulumi up --refresh=false, once."
  `);
  await owned(role.user);
  expect(await plannedOr()).toBe("planned");
});
