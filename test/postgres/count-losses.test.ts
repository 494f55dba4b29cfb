import { expect, test } from "vitest";
import type { History } from "../../src/history/revision.ts";
import { countLosses, losing } from "../../src/postgres/count-losses.ts";
import { lossTexts } from "../../src/pulumi/report.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { ledgerOf, migrate, planFor, withSession } from "../support/migrate.ts";

const { connection, query } = useDatabase();

/** What an up says before it takes a schema, filled by some SQL at its head, back to the first revision. */
async function told(schema: string, history: History, filling: string): Promise<readonly string[]> {
  await query(`CREATE SCHEMA ${schema}`);
  await migrate(connection, schema, history);
  await query(filling);
  return tellNow(schema, history);
}

function tellNow(schema: string, history: History): Promise<readonly string[]> {
  return withSession(connection, async (client) => {
    await client.query("SET lock_timeout = '100ms'");
    const plan = planFor(await ledgerOf(client, schema), history, "0001");
    return lossTexts(await countLosses(client, [plan]));
  });
}

const users = { up: "CREATE TABLE users (id int)", down: "DROP TABLE users" };

test("a table counts its rows, a column its values, what is empty is not told", async () => {
  const history = historyOf({
    "0001_users": users,
    "0002_more": {
      up: "CREATE TABLE orders (id int); CREATE TABLE nothing (id int); ALTER TABLE users ADD cpf text",
      down: "DROP TABLE orders; DROP TABLE nothing; ALTER TABLE users DROP COLUMN cpf",
    },
  });
  expect(
    await told(
      "counted",
      history,
      "INSERT INTO counted.orders VALUES (1), (2); INSERT INTO counted.users VALUES (1, NULL), (2, 'x')",
    ),
  ).toEqual(["counted: drops orders, with 2 rows", "counted: drops users.cpf, with 1 value"]);
});

test("a table that is named with its schema counts as well", async () => {
  const history = historyOf({
    "0001_users": users,
    "0002_orders": {
      up: "CREATE TABLE qualified.orders (id int); ALTER TABLE users ADD cpf text",
      down: "DROP TABLE qualified.orders; ALTER TABLE qualified.users DROP COLUMN cpf",
    },
  });
  const filling = "INSERT INTO qualified.orders VALUES (1); INSERT INTO qualified.users VALUES (1, 'x')";
  expect(await told("qualified", history, filling)).toEqual([
    "qualified: drops qualified.orders, with 1 row",
    "qualified: drops qualified.users.cpf, with 1 value",
  ]);
});

test.each([
  ["ALTER TABLE named.users RENAME TO u2; DROP TABLE named.u2", "named.u2, with 1 row"],
  ["ALTER TABLE users RENAME TO u2; DROP TABLE named.u2", "named.u2, with 1 row"],
  ["ALTER TABLE named.users RENAME TO u2; DROP TABLE u2", "u2, with 1 row"],
  ["ALTER TABLE named.users RENAME a TO b; ALTER TABLE users DROP COLUMN b", "users.b, with 1 value"],
  ["ALTER TABLE users RENAME a TO b; ALTER TABLE named.users DROP COLUMN b", "named.users.b, with 1 value"],
  ["ALTER TABLE users SET SCHEMA arch; DROP TABLE arch.users", "arch.users, with 1 row"],
  ["ALTER TABLE arch.old SET SCHEMA named; TRUNCATE old", "old, with 2 rows"],
  ["ALTER TABLE arch.old RENAME TO older; DROP TABLE arch.older", "arch.older, with 2 rows"],
])("a name with its schema and one without it are the same, also on the way: %s", async (sql, expected) => {
  await query(`
    DROP SCHEMA IF EXISTS named, arch CASCADE;
    CREATE SCHEMA named; CREATE TABLE named.users (id int, a text); INSERT INTO named.users VALUES (1, 'x');
    CREATE SCHEMA arch; CREATE TABLE arch.old (id int); INSERT INTO arch.old VALUES (1), (2)`);
  await withSession(connection, async (client) => {
    const plan = planFor(await ledgerOf(client, "named"), historyOf({ "0001_x": sql }));
    expect(lossTexts(await countLosses(client, losing([plan])))).toEqual([`named: drops ${expected}`]);
  });
});

test("what goes of another schema is counted there, once for all schemas", async () => {
  await query(`
    CREATE SCHEMA first; CREATE SCHEMA second; CREATE TABLE second.t (id int); INSERT INTO second.t VALUES (1);
    CREATE SCHEMA shared; CREATE TABLE shared.t (id int); INSERT INTO shared.t VALUES (1), (2)`);
  const history = historyOf({ "0001_x": "DROP TABLE IF EXISTS shared.t; DROP TABLE IF EXISTS t" });
  await withSession(connection, async (client) => {
    const plans = [
      planFor(await ledgerOf(client, "first"), history),
      planFor(await ledgerOf(client, "second"), history),
    ];
    expect(lossTexts(await countLosses(client, plans))).toEqual([
      "first: drops shared.t, with 2 rows",
      "second: drops t, with 1 row",
    ]);
  });
});

test("what has another name now, since a down on the way renames it, is counted by that", async () => {
  const history = historyOf({
    "0001_users": users,
    "0002_cpf": {
      up: "ALTER TABLE users ADD cpf text; CREATE TABLE orders (id int)",
      down: "ALTER TABLE users DROP COLUMN cpf; DROP TABLE orders",
    },
    "0003_document": {
      up: "ALTER TABLE users RENAME cpf TO document; ALTER TABLE orders RENAME TO sales",
      down: "ALTER TABLE users RENAME document TO cpf; ALTER TABLE sales RENAME TO orders",
    },
    "0004_people": {
      up: "ALTER TABLE users RENAME TO people; ALTER TABLE people RENAME document TO papers",
      down: "ALTER TABLE people RENAME papers TO document; ALTER TABLE people RENAME TO users",
    },
  });
  expect(
    await told(
      "renamed",
      history,
      "INSERT INTO renamed.people VALUES (1, 'x'), (2, 'y'); INSERT INTO renamed.sales VALUES (1)",
    ),
  ).toEqual(["renamed: drops users.cpf, with 2 values", "renamed: drops orders, with 1 row"]);
});

test("what an up drops counts as well, and who drops nothing is not asked", async () => {
  const history = historyOf({
    "0001_users": { up: "CREATE TABLE users (id int, phone text)", down: "DROP TABLE users" },
    "0002_more": { up: "CREATE TABLE orders (id int)", down: "DROP TABLE orders" },
    "0003_less": "ALTER TABLE users DROP COLUMN phone; DROP TABLE orders",
  });
  await query("CREATE SCHEMA upward");
  await migrate(connection, "upward", history, { target: "1" });
  await query("INSERT INTO upward.users VALUES (1, 'x'), (2, NULL)");
  await withSession(connection, async (client) => {
    const ledger = await ledgerOf(client, "upward");
    const plans = [planFor(ledger, history), planFor(ledger, history, "2")];
    expect(losing(plans)).toEqual([plans[0]]);
    expect(lossTexts(await countLosses(client, losing(plans)))).toEqual(["upward: drops users.phone, with 1 value"]);
  });
});

test("what another session holds, and no statistics know, is told as not counted", async () => {
  const history = historyOf({
    "0001_users": users,
    "0002_more": {
      up: "CREATE TABLE known (id int); CREATE TABLE held (id int)",
      down: "DROP TABLE known; DROP TABLE held",
    },
  });
  const filling = "INSERT INTO held.known VALUES (1); INSERT INTO held.held VALUES (1); ANALYZE held.known";
  expect(await told("held", history, filling)).toEqual([
    "held: drops known, with 1 row",
    "held: drops held, with 1 row",
  ]);
  await withSession(connection, async (other) => {
    await other.query("BEGIN; LOCK TABLE held.held");
    expect(await tellNow("held", history)).toEqual([
      "held: drops known, with about 1 row",
      "held: drops held, rows not counted",
    ]);
    await other.query("ROLLBACK");
  });
});

test("statistics from before a table was filled do not make it an empty one", async () => {
  const history = historyOf({
    "0001_users": users,
    "0002_more": { up: "CREATE TABLE filled (id int)", down: "DROP TABLE filled" },
  });
  const filling = "VACUUM ANALYZE stale.filled";
  expect(await told("stale", history, filling)).toEqual([]);
  await query("INSERT INTO stale.filled SELECT generate_series(1, 5000)");
  await withSession(connection, async (other) => {
    await other.query("BEGIN; LOCK TABLE stale.filled");
    expect(await tellNow("stale", history)).toEqual(["stale: drops filled, rows not counted"]);
    await other.query("ROLLBACK");
  });
});

test("counting that takes too long is ended by the server, and leaves the session as it was", async () => {
  // More than a message holds; the first takes some hundred ms to count.
  const tables = ["long", ...Array.from({ length: 120 }, (_, index) => `short_${index}`)];
  const history = historyOf({
    "0001_users": users,
    "0002_tables": {
      up: tables.map((table) => `CREATE UNLOGGED TABLE ${table} (a int) WITH (autovacuum_enabled = off)`).join("; "),
      down: tables.map((table) => `DROP TABLE ${table}`).join("; "),
    },
  });
  await query("CREATE SCHEMA slow");
  await migrate(connection, "slow", history);
  await query(tables.map((table) => `INSERT INTO slow.${table} VALUES (1)`).join("; "));
  await query("INSERT INTO slow.long SELECT generate_series(1, 5000000)");
  await withSession(connection, async (client) => {
    const plan = planFor(await ledgerOf(client, "slow"), history, "0001");
    await client.query("SET statement_timeout = '15s'; SET max_parallel_workers_per_gather = 0");
    const losses = await countLosses(client, [plan], 50);
    expect(losses.map(({ count, exact }) => ({ count, exact }))).toEqual(
      tables.map(() => ({ count: undefined, exact: false })),
    );
    expect((await client.query("SHOW statement_timeout")).rows).toEqual([{ statement_timeout: "15s" }]);
    expect(await countLosses(client, [plan])).toHaveLength(tables.length);
  });
});
