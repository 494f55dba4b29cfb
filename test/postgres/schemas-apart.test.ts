import { describe, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { migrate, migrateIn, problemsOf, withSession } from "../support/migrate.ts";
import { ledgerRows, objectsOf } from "../support/objects.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { connection, query } = database;
const someone = useRole(database);

async function schemaNamed(name: string): Promise<string> {
  await query(`CREATE SCHEMA "${name.replaceAll('"', '""')}"`);
  return name;
}

describe("any name is just a name", () => {
  const history = historyOf({
    "0001_users": { up: "CREATE TABLE users (id int PRIMARY KEY)", down: "DROP TABLE users" },
    "0002_email": { up: "CREATE INDEX CONCURRENTLY by_id ON users (id)", down: "DROP INDEX by_id" },
    "0003_it's": { up: "CREATE VIEW v AS SELECT * FROM users", down: "DROP VIEW v" },
  });
  const names = [
    "MixedCase",
    "with-dash",
    "with.dot",
    "with space",
    "ünïcödé 日本",
    "select",
    "1st",
    "it's",
    "back\\slash",
  ];
  const attack = 'a"; drop schema prod; --';

  test.each([...names, attack, '"', "$1", "/*"])("%s", async (name) => {
    const schema = await schemaNamed(name);
    await migrate(connection, schema, history);
    expect(await ledgerRows(database, schema)).toEqual([
      "1 0001_users applied",
      "2 0002_email applied",
      "3 0003_it's applied",
    ]);
    expect(await objectsOf(database, schema)).toContain("table users");
    await migrate(connection, schema, history, { target: "base" });
    expect(await objectsOf(database, schema)).toEqual([]);
  });

  test("and no other schema came or went", async () => {
    await schemaNamed("prod");
    await migrate(connection, attack, history);
    const rows = await query<{ name: string }>(
      "SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'",
    );
    expect(rows.map(({ name }) => name).toSorted()).toEqual(
      [...names, attack, '"', "$1", "/*", "prod", "public"].toSorted(),
    );
  });
});

describe("two schemas never see each other's objects", () => {
  const history = historyOf({
    "0001_status": {
      up: `DO $$ BEGIN
             IF to_regtype('status') IS NULL THEN CREATE TYPE status AS ENUM ('open', 'done'); END IF;
           END $$;
           CREATE TABLE IF NOT EXISTS orders (id int PRIMARY KEY, status status NOT NULL);
           INSERT INTO orders VALUES (1, 'open');`,
      down: "DROP TABLE orders; DROP TYPE status",
    },
    "0002_function": {
      up: `CREATE FUNCTION count_orders() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM orders; END;
           CREATE VIEW open_orders AS SELECT * FROM orders WHERE status = 'open';
           CREATE TABLE lines (order_id int REFERENCES orders)`,
      down: "DROP TABLE lines; DROP VIEW open_orders; DROP FUNCTION count_orders()",
    },
    "0003_value": { up: "ALTER TYPE status ADD VALUE 'lost'", down: "SELECT 1" },
  });

  test("each gets objects of its own from the same history, in one session after the other", async () => {
    const [dev, prod] = [await schemaNamed("apart_dev"), await schemaNamed("apart_prod")];
    await withSession(connection, async (client) => {
      await migrateIn(client, dev, history, "2");
      await migrateIn(client, prod, history);
    });
    const own = async (schema: string) =>
      (await objectsOf(database, schema)).map((object) => object.replace(schema, "OWN"));
    expect(await own(dev)).toEqual(await own(prod));
    expect(await own(dev)).toContain("column orders.status OWN.status");
    expect(
      await query(`SELECT enumtypid::regtype::text AS type, count(*)::int FROM pg_enum GROUP BY 1 ORDER BY 1`),
    ).toEqual([
      { type: "apart_dev.status", count: 2 },
      { type: "apart_prod.status", count: 3 },
    ]);
    // Nothing of one depends on anything of the other.
    expect(
      await query(
        `SELECT c.conrelid::regclass::text AS from, c.confrelid::regclass::text AS to
           FROM pg_constraint c WHERE contype = 'f' ORDER BY 1`,
      ),
    ).toEqual([
      { from: "apart_dev.lines", to: "apart_dev.orders" },
      { from: "apart_prod.lines", to: "apart_prod.orders" },
    ]);
    await query("DROP SCHEMA apart_dev CASCADE");
    expect(await query("SELECT apart_prod.count_orders()::int AS n")).toEqual([{ n: 1 }]);
  });

  test("what public holds is not seen either", async () => {
    const schema = await schemaNamed("no_public");
    await query("CREATE TABLE public.shared (id int)");
    expect(
      await problemsOf(migrate(connection, schema, historyOf({ "0001_a": "SELECT * FROM shared" }))),
    ).toMatchObject([{ code: "step-failed", error: { sqlstate: "42P01" } }]);
  });

  test("unless the extra search path names it: found there, created here", async () => {
    const [schema, extras] = [await schemaNamed("with_extras"), await schemaNamed('Ex"tras')];
    await query(`CREATE FUNCTION "Ex""tras".answer() RETURNS int LANGUAGE sql AS 'SELECT 42'`);
    const both = historyOf({
      "0001_a": "CREATE TABLE a AS SELECT answer()",
      "0002_b": "-- migrate:no-transaction\nCREATE TABLE b AS SELECT answer()",
    });
    await migrate(connection, schema, both, { searchPath: [extras, "public"] });
    const tables = (await objectsOf(database, schema)).filter((object) => object.startsWith("table"));
    expect(tables).toEqual(["table a", "table b"]);
    expect(await objectsOf(database, extras)).toEqual(["function answer"]);
  });
});

describe("what a script sets in its session does not reach the next step", () => {
  /** Facts about the session, as a later script of it sees them. */
  const look = `CREATE TABLE seen AS SELECT
    current_setting('search_path') AS path, current_setting('statement_timeout') AS statement,
    current_setting('lock_timeout') AS lock, current_user::text AS who, session_user::text AS session,
    current_setting('work_mem') AS mem, current_setting('app.tenant', true) AS custom,
    current_setting('default_transaction_read_only') AS read_only, current_setting('TimeZone') AS zone,
    to_regclass('pg_temp.scratch') IS NOT NULL AS temp,
    (SELECT count(*)::int FROM pg_prepared_statements WHERE name <> '') AS prepared,
    (SELECT count(*)::int FROM pg_cursors WHERE is_holdable) AS cursors,
    (SELECT count(*)::int FROM pg_listening_channels()) AS channels`;
  const sets: Readonly<Record<string, string>> = {
    "search path": "SET search_path TO public",
    "search path, as pg_dump does it": "SELECT pg_catalog.set_config('search_path', '', false)",
    "time-outs": "SET statement_timeout = '1h'; SET lock_timeout = '2h'",
    "memory, time zone, a setting of its own":
      "SET work_mem = '99MB'; SET TimeZone = 'Asia/Tokyo'; SET app.tenant = '7'",
    "temporary table": "CREATE TEMP TABLE scratch (id int)",
    "prepared statement": "PREPARE p AS SELECT 1",
    "held cursor": "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
    listening: "LISTEN news",
  };
  const clean = (schema: string) => [
    {
      path: schema,
      statement: "1min",
      lock: "10s",
      who: "postgres",
      session: "postgres",
      mem: "4MB",
      read_only: "off",
      zone: "UTC",
      temp: false,
      prepared: 0,
      cursors: 0,
      channels: 0,
    },
  ];
  let made = 0;

  async function seenAfter(script: string): Promise<readonly unknown[]> {
    made += 1;
    const schema = await schemaNamed(`leak_${made}`);
    const history = historyOf({ "0001_sets": script, "0002_looks": look });
    await migrate(connection, schema, history);
    expect(await ledgerRows(database, schema)).toHaveLength(2);
    const rows = await query<{ custom: string | null; path: string }>(`SELECT * FROM ${schema}.seen`);
    return rows.map(({ custom, ...row }) => ({
      ...row,
      path: row.path.replace(schema, "SCHEMA"),
      ...(custom && { custom }),
    }));
  }

  test.each(Object.entries(sets))("%s, set in a transaction", async (_, script) => {
    expect(await seenAfter(script)).toEqual(clean("SCHEMA"));
  });

  test.each(Object.entries(sets))("%s, set outside a transaction", async (_, script) => {
    expect(await seenAfter(`-- migrate:no-transaction\n${script}`)).toEqual(clean("SCHEMA"));
  });

  test("role, where the script sets it back for its ledger row", async () => {
    await query(`GRANT ${someone.user} TO postgres`);
    expect(await seenAfter(`SET ROLE ${someone.user}; RESET ROLE`)).toEqual(clean("SCHEMA"));
  });

  test("session user, likewise", async () => {
    expect(await seenAfter(`SET SESSION AUTHORIZATION ${someone.user}; RESET SESSION AUTHORIZATION`)).toEqual(
      clean("SCHEMA"),
    );
  });

  test("nor does what a failed script set reach the next schema of the same session", async () => {
    const [first, second] = [await schemaNamed("leak_failed"), await schemaNamed("leak_after")];
    const rows = await withSession(connection, async (client) => {
      const failing = historyOf({
        "0001_sets": "-- migrate:no-transaction\nSET search_path TO public; SET statement_timeout = '1h'; SELECT 1/0",
      });
      await problemsOf(migrateIn(client, first, failing));
      await migrateIn(client, second, historyOf({ "0001_looks": look }));
      return query<object>("SELECT path, statement FROM leak_after.seen");
    });
    expect(rows).toEqual([{ path: "leak_after", statement: "1min" }]);
  });
});
