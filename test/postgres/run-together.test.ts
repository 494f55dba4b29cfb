import { describe, expect, inject, test } from "vitest";
import type { FleetOptions } from "../../src/fleet/run-fleet.ts";
import type { SchemaResult } from "../../src/fleet/run-schema.ts";
import type { Connection } from "../../src/postgres/connection.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf, type Scripts } from "../support/history.ts";
import { planned, up as upOn, wish, withSession } from "../support/migrate.ts";
import { events, ledgerRows, objectsOf } from "../support/objects.ts";
import { useProxy } from "../support/proxy.ts";
import { advisoryLocks } from "../support/sessions.ts";

const database = useDatabase();
const { connection, query } = database;
const proxy = useProxy(inject("server"));

/** Notes which message and which transaction a step ran in. */
const NOTE = "INSERT INTO notes SELECT statement_timestamp(), pg_current_xact_id()::text";
const quick: Readonly<Record<string, Scripts>> = {
  "0001_notes": {
    up: `CREATE TABLE notes (message timestamptz, transaction text); ${NOTE}`,
    down: "DROP TABLE notes",
  },
  "0002_more": { up: NOTE, down: "SELECT 1" },
  "0003_last": { up: NOTE, down: "SELECT 1" },
};
const history = historyOf(quick);

/** One schema after the other, so that the first says how quick the steps are. */
async function up(
  schemas: readonly string[],
  from = history,
  options: Partial<FleetOptions> & { readonly target?: string; readonly through?: Connection } = {},
): Promise<readonly SchemaResult[]> {
  const { target, through = connection, ...others } = options;
  for (const schema of schemas) await query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
  const wishes = Object.fromEntries(schemas.map((schema) => [schema, wish(from, { target })]));
  return upOn(through, await planned(connection, wishes), { concurrency: 1, onFailure: "continue", ...others });
}

async function notes(schema: string) {
  const [row] = await query<{ messages: number; transactions: number }>(
    `SELECT count(DISTINCT message)::int AS messages, count(DISTINCT transaction)::int AS transactions FROM ${schema}.notes`,
  );
  return row;
}

const ids = ({ steps }: SchemaResult) => steps.map(({ revision, direction }) => `${direction} ${revision}`);

describe("steps that were quick in the schema before", () => {
  test("share a message, and each has a transaction of its own", async () => {
    const results = await up(["alone", "shared"]);
    expect(await notes("alone")).toEqual({ messages: 3, transactions: 3 });
    expect(await notes("shared")).toEqual({ messages: 1, transactions: 3 });
    expect(results.map(ids)).toEqual([history.map(({ id }) => `up ${id}`), history.map(({ id }) => `up ${id}`)]);
    expect(await ledgerRows(database, "shared")).toEqual(await ledgerRows(database, "alone"));
    expect(await events(database, "shared")).toEqual(await events(database, "alone"));
    expect(await advisoryLocks(database)).toBe(0);
  });

  test("on the way down as well", async () => {
    const results = await up(["alone", "shared"], history, { target: "base" });
    expect(results.map(ids)).toEqual(Array(2).fill(["down 0003_last", "down 0002_more", "down 0001_notes"]));
    expect(await objectsOf(database, "shared")).toEqual([]);
    expect(await ledgerRows(database, "shared")).toEqual([]);
  });

  test("tell how long each of them took, as the server saw it", async () => {
    const uneven = historyOf({
      "0001_short": "SELECT 1",
      "0002_long": "SELECT pg_sleep(0.15)",
      "0003_short": "SELECT 1",
    });
    const [, result] = await up(["uneven_1", "uneven_2"], uneven);
    const [short = 0, long = 0, again = 0] = result?.steps.map(({ durationMs }) => durationMs) ?? [];
    expect(long).toBeGreaterThan(150);
    expect(Math.max(short, again)).toBeLessThan(long - 75);
    expect(Math.min(short, again)).toBeGreaterThan(0);
  });

  test("but not those outside a transaction, or of the whole database: these go alone, the others around them", async () => {
    const mixed = historyOf({
      "0001_notes": quick["0001_notes"] ?? "",
      "0002_more": NOTE,
      "0003_index": { up: "CREATE INDEX CONCURRENTLY by_message ON notes (message)", transaction: false },
      "0004_wide": `CREATE EXTENSION IF NOT EXISTS plpgsql; ${NOTE}`,
      "0005_more": NOTE,
      "0006_last": NOTE,
    });
    const results = await up(["mixed_1", "mixed_2"], mixed);
    expect(results.map(({ to, problems }) => [to, problems])).toEqual(Array(2).fill(["0006_last", []]));
    expect(await notes("mixed_1")).toEqual({ messages: 5, transactions: 5 });
    expect(await notes("mixed_2")).toEqual({ messages: 3, transactions: 5 });
    expect(await events(database, "mixed_2")).toEqual(await events(database, "mixed_1"));
  });

  test("wait for the disk once, at the last of them", async () => {
    const noting = "INSERT INTO syncs SELECT current_setting('synchronous_commit')";
    const syncs = historyOf({
      "0001_syncs": `CREATE TABLE syncs (setting text); ${noting}`,
      "0002_more": noting,
      "0003_last": noting,
    });
    await up(["sync_1", "sync_2"], syncs);
    const settings = async (schema: string) =>
      (await query<{ setting: string }>(`SELECT setting FROM ${schema}.syncs`)).map(({ setting }) => setting);
    expect(await settings("sync_1")).toEqual(["on", "on", "on"]);
    expect(await settings("sync_2")).toEqual(["off", "off", "on"]);
  });

  test("run with the same settings, whether the one before left some or not", async () => {
    const setting = (name: string) => `current_setting('${name}')`;
    const noting = `INSERT INTO seen SELECT current_schemas(false)::text, ${setting("lock_timeout")}, ${setting("statement_timeout")}`;
    const defining = (name: string) => `CREATE TABLE ${name} (id int)`;
    const looking = historyOf({
      "0001_seen": "CREATE TABLE seen (path text, locks text, statements text)",
      "0002_defines": defining("a"),
      "0003_looks": noting,
      "0004_sets": "SET lock_timeout = 1; SET statement_timeout = 0; SET search_path = public",
      "0005_looks": noting,
      "0006_defines": defining("b"),
      "0007_looks": noting,
    });
    const settings = { searchPath: ["public"], lockTimeoutMs: 4_711, statementTimeoutMs: 60_001 };
    await up(["seen_1", "seen_2"], looking, { settings });
    for (const schema of ["seen_1", "seen_2"]) {
      expect(await query(`SELECT * FROM ${schema}.seen`)).toEqual(
        Array(3).fill({ path: `{${schema},public}`, locks: "4711ms", statements: "60001ms" }),
      );
    }
  });

  test("may each define the same function for their session, on an empty schema too", async () => {
    const helper = "CREATE FUNCTION pg_temp.helper() RETURNS int LANGUAGE sql AS 'SELECT 1'";
    const results = await up(["helped"], historyOf({ "0001_helps": helper, "0002_helps": helper }));
    expect(results.map(({ to, problems }) => [to, problems])).toEqual([["0002_helps", []]]);
  });

  test("leave nothing to each other: settings, roles, temporary tables", async () => {
    const leaving = historyOf({
      "0001_leaves": "SET statement_timeout = 4711; SET search_path TO public; CREATE TEMP TABLE left_over (id int)",
      "0002_looks": `DO $$ BEGIN
        ASSERT current_setting('statement_timeout') <> '4711ms', 'a setting was left';
        ASSERT current_schema LIKE 'leaving_%', 'the search path was left';
        ASSERT to_regclass('pg_temp.left_over') IS NULL, 'a table was left';
      END $$`,
    });
    const results = await up(["leaving_1", "leaving_2"], leaving);
    expect(results.map(({ problems }) => problems)).toEqual([[], []]);
  });
});

describe("definitions and rows in a schema that is empty", () => {
  const simple = historyOf({
    "0001_notes":
      "CREATE TABLE notes (message timestamptz DEFAULT statement_timestamp(), transaction text DEFAULT pg_current_xact_id()::text)",
    "0002_row": "INSERT INTO notes DEFAULT VALUES",
    "0003_table": "CREATE TABLE t (id int)",
    "0004_row": "INSERT INTO notes DEFAULT VALUES",
  });

  test("share a message from the first schema on", async () => {
    const [result] = await up(["nothing"], simple);
    expect(result && ids(result)).toEqual(simple.map(({ id }) => `up ${id}`));
    expect(await notes("nothing")).toEqual({ messages: 1, transactions: 2 });
    expect(await ledgerRows(database, "nothing")).toEqual(simple.map(({ id }, index) => `${index + 1} ${id} applied`));
  });

  test("go one by one behind a script that may have put much there", async () => {
    const [notes0 = "", row = ""] = simple.map(({ up }) => up?.sql ?? "");
    const filling = historyOf({
      "0001_notes": notes0,
      "0002_fills": "INSERT INTO notes SELECT FROM generate_series(1, 1)",
      "0003_row": row,
      "0004_row": row,
    });
    await up(["filled"], filling);
    expect(await notes("filled")).toEqual({ messages: 3, transactions: 3 });
  });

  test("go one by one where something is there", async () => {
    await query("CREATE SCHEMA something; CREATE TABLE something.there (id int)");
    await up(["something"], simple);
    expect(await notes("something")).toEqual({ messages: 2, transactions: 2 });
  });

  test.each([1, 2, 3, 4, 5])("of which the %i. fails: those before it stay, and no more is told", async (place) => {
    const schema = `fails_${place}`;
    const fails = historyOf({
      [`000${place}_a_fails`]: "CREATE TABLE half (id int); ALTER TABLE missing ADD COLUMN x int",
    });
    const history = simple.toSpliced(place - 1, 0, ...fails);
    const before = history.slice(0, place - 1).map(({ id }) => id);
    const [result] = await up([schema], history);
    const at = before.at(-1) ?? "base";
    expect(result).toMatchObject({ to: at, problems: [{ code: "step-failed", revision: `000${place}_a_fails`, at }] });
    expect(result && ids(result)).toEqual(before.map((id) => `up ${id}`));
    expect(await ledgerRows(database, schema)).toEqual(before.map((id, index) => `${index + 1} ${id} applied`));
    expect(await objectsOf(database, schema)).not.toContain("table half");
  });
});

describe("a step that fails among others", () => {
  const broken = historyOf({
    ...quick,
    "0004_uneven": "DO $$ BEGIN\n IF current_schema = 'uneven' THEN PERFORM 1/0; END IF;\nEND $$",
    "0005_never": NOTE,
  });

  test("is told as if it ran alone; those before it stay, those behind it do not run, the next schema goes on", async () => {
    const [, failed, next] = await up(["even", "uneven", "after"], broken);
    expect(failed).toMatchObject({
      to: "0003_last",
      problems: [
        {
          code: "step-failed",
          revision: "0004_uneven",
          file: "migrations/0004_uneven.up.sql",
          line: 1,
          at: "0003_last",
          error: { sqlstate: "22012" },
        },
      ],
    });
    expect(failed && ids(failed)).toEqual(["up 0001_notes", "up 0002_more", "up 0003_last"]);
    expect(await notes("uneven")).toEqual({ messages: 1, transactions: 3 });
    expect((await events(database, "uneven")).at(-1)).toBe("0004_uneven up failed : division by zero");
    expect(next).toMatchObject({ to: "0005_never", problems: [] });
    // The session of the failure is closed, which the server need not have noticed yet.
    await expect.poll(() => advisoryLocks(database), { timeout: 5_000 }).toBe(0);
  });

  test("is tried once among them and once alone", async () => {
    await query("CREATE SEQUENCE public.tries");
    const tried = historyOf({
      "0001_a": "SELECT 1",
      "0002_b": "SELECT 1 / (nextval('public.tries') = 1)::int",
      "0003_c": "SELECT 1",
    });
    const results = await up(["tried_1", "tried_2"], tried);
    expect(results.map(({ to }) => to)).toEqual(["0003_c", "0001_a"]);
    expect(await query("SELECT last_value::int AS tries FROM public.tries")).toEqual([{ tries: 3 }]);
  });

  test("at its COMMIT is no different", async () => {
    const late = historyOf({
      "0001_table": "CREATE TABLE t (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)",
      "0002_rows":
        "INSERT INTO t SELECT CASE current_schema WHEN 'late' THEN 1 ELSE n END FROM generate_series(1, 2) n",
      "0003_never": "CREATE TABLE never (id int)",
    });
    const [, result] = await up(["early", "late"], late);
    expect(result).toMatchObject({
      to: "0001_table",
      problems: [{ code: "step-failed", revision: "0002_rows", error: { sqlstate: "23505" } }],
    });
    expect(await ledgerRows(database, "late")).toEqual(["1 0001_table applied"]);
    expect(await objectsOf(database, "late")).not.toContain("table never");
  });

  test("because others were in its way is tried again, in a session as clean as ever, and the rest goes on behind it", async () => {
    await query("CREATE TABLE public.wanted (id int)");
    const locking = historyOf({
      ...quick,
      "0004_leaves": "SET work_mem = '4711kB'",
      // Only the second schema meets the lock, which is there from the beginning.
      "0005_locks": `DO $$ BEGIN
        IF current_schema = 'second' THEN ALTER TABLE public.wanted ALTER id SET NOT NULL; END IF;
        ASSERT current_setting('work_mem') <> '4711kB', 'a setting was left';
      END $$`,
      "0006_last": NOTE,
    });
    const retried: string[] = [];
    const results = await withSession(connection, async (other) => {
      await other.query("BEGIN; LOCK TABLE public.wanted");
      let released: Promise<unknown> | undefined;
      const results = await up(["first", "second"], locking, {
        settings: { searchPath: [], lockTimeoutMs: 1_000, statementTimeoutMs: 0 },
        onRetry: ({ schema }, { revision }) => {
          retried.push(`${schema} ${revision}`);
          released = other.query("ROLLBACK");
        },
      });
      await released;
      return results;
    });
    expect(results.map(({ to, problems }) => [to, problems])).toEqual(Array(2).fill(["0006_last", []]));
    expect(retried).toEqual(["second 0005_locks"]);
    // Those before it are not told with the time for which it waited.
    const took = results[1]?.steps.slice(0, 4).map(({ durationMs }) => durationMs) ?? [];
    expect(took).toHaveLength(4);
    expect(Math.max(...took)).toBeLessThan(1_000);
    expect(await notes("second")).toMatchObject({ transactions: 4 });
  });
});

describe("a connection cut under several steps", () => {
  test.each(["before", "after"] as const)("%s the server carried them out: each runs exactly once", async (when) => {
    const cut = proxy.once({ query: new RegExp(`"cut_${when}_2".*0003_last`, "s"), when }, (now) => now());
    const through = { ...proxy.connection, database: connection.database };
    const results = await up([`cut_${when}_1`, `cut_${when}_2`], history, { through });
    await cut;
    expect(results.map(({ to, problems }) => [to, problems])).toEqual(Array(2).fill(["0003_last", []]));
    expect(results.map(ids)).toEqual(Array(2).fill(history.map(({ id }) => `up ${id}`)));
    expect(await notes(`cut_${when}_2`)).toMatchObject({ transactions: 3 });
    expect((await events(database, `cut_${when}_2`)).length).toBe(3);
    await expect.poll(() => advisoryLocks(database), { timeout: 5_000 }).toBe(0);
  });
});

test("stopped under several steps: those are finished, no others are begun", async () => {
  const longer = historyOf({ ...quick, "0004_slow": `SELECT pg_sleep(0.3); ${NOTE}`, "0005_never": NOTE });
  const controller = new AbortController();
  const results = await up(["goes", "stopped", "never"], longer, {
    stop: controller.signal,
    onStep: ({ schema }) => schema === "stopped" && controller.abort(),
  });
  expect(results.map(({ schema, to }) => `${schema} ${to}`)).toEqual(["goes 0005_never", "stopped 0003_last"]);
  expect(results[1]?.problems).toEqual([{ code: "steps-left", schema: "stopped", at: "0003_last", left: 2, of: 5 }]);
});
