import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, inject, test } from "vitest";
import type { FleetOptions } from "../../src/fleet/run-fleet.ts";
import type { SchemaResult } from "../../src/fleet/run-schema.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { disagreements, MARKED, markedHistory } from "../support/marked-history.ts";
import { migrate, up as upOn, wish } from "../support/migrate.ts";
import { events, ledgerRows, objectsOf } from "../support/objects.ts";
import { type Moment, useProxy } from "../support/proxy.ts";
import { advisoryLocks } from "../support/sessions.ts";

const database = useDatabase();
const { connection, query } = database;
const proxy = useProxy(inject("server"));
const history = markedHistory();

let made = 0;

async function freshSchema(): Promise<string> {
  made += 1;
  await query(`CREATE SCHEMA cut_${made}`);
  return `cut_${made}`;
}

/** One up of one schema through the proxy. */
async function up(
  schema: string,
  {
    target = "head",
    from = history,
    ...options
  }: { target?: string; from?: typeof history } & Partial<FleetOptions> = {},
): Promise<SchemaResult> {
  const through = { ...proxy.connection, database: connection.database };
  const [result] = await upOn(through, { [schema]: wish(from, { target }) }, options);
  if (!result) throw new Error("no result");
  return result;
}

/** An up whose connection is cut at a moment; the moment has to come. */
async function cutAt(moment: Moment, run: () => Promise<SchemaResult>): Promise<SchemaResult> {
  let came = false;
  void proxy.once(moment, (cut) => {
    came = true;
    cut();
  });
  const result = await run();
  expect(came).toBe(true);
  return result;
}

/** What a run tells that it did, with a time for each. */
function stepsOf({ steps }: SchemaResult): readonly string[] {
  return steps.map(({ direction, revision, durationMs }) => {
    expect(durationMs).toBeGreaterThan(0);
    return `${direction} ${revision}`;
  });
}

/** Holds for a schema after any run, whatever happened to it. */
async function holds(schema: string): Promise<void> {
  expect(await disagreements(database, schema)).toEqual([]);
  await expect.poll(() => advisoryLocks(database), { timeout: 5_000 }).toBe(0);
}

const moments = [
  ["before the server got it", "before"],
  ["after the server carried it out", "after"],
] as const;

describe.each(moments)("a connection cut at COMMIT, %s", (_, when) => {
  test.each(["0001_first", "0004_last"])(
    "of %s: the revision runs exactly once and the run goes on",
    async (revision) => {
      const schema = await freshSchema();
      const result = await cutAt({ query: new RegExp(`${revision}.*COMMIT`, "s"), when }, () => up(schema));
      expect(result).toMatchObject({ from: "base", to: "0004_last", problems: [] });
      expect(stepsOf(result)).toEqual(MARKED.map(({ id }) => `up ${id}`));
      await holds(schema);
      expect((await events(database, schema)).filter((event) => event.endsWith("done"))).toEqual(
        MARKED.map(({ id }) => `${id} up done`),
      );
    },
  );

  test.each(["0001_first"])("of %s on the way down", async (revision) => {
    const schema = await freshSchema();
    await migrate(connection, schema, history);
    const result = await cutAt({ query: new RegExp(`${revision}.*COMMIT`, "s"), when }, () =>
      up(schema, { target: "base" }),
    );
    expect(result).toMatchObject({ from: "0004_last", to: "base", problems: [] });
    expect(stepsOf(result)).toEqual(MARKED.map(({ id }) => `down ${id}`).toReversed());
    await holds(schema);
    expect(await ledgerRows(database, schema)).toEqual([]);
    expect((await events(database, schema)).filter((event) => event.endsWith("down done"))).toHaveLength(4);
  });
});

test("a run that does not come back after it tells the step that nobody answered for, too", async () => {
  const schema = await freshSchema();
  const result = await cutAt({ query: /0002_second.*COMMIT/s, when: "after" }, () => up(schema, { recoveryMs: -1 }));
  expect(result).toMatchObject({ to: "0002_second", problems: [{ code: "connection-lost" }] });
  expect(stepsOf(result)).toEqual(["up 0001_first", "up 0002_second"]);
  await holds(schema);
});

test("cut at every COMMIT of a history in turn, the run still ends at its target", async () => {
  const schema = await freshSchema();
  const cuts = ["0001_first", "0002_second", "0004_last"].map((revision) =>
    proxy.once({ query: new RegExp(`${revision}.*COMMIT`, "s"), when: "after" }, (cut) => cut()),
  );
  // What sleeps, however little, shares no message.
  const alone = markedHistory(MARKED.map((revision) => ({ ...revision, sleep: 0 })));
  expect(await up(schema, { from: alone })).toMatchObject({ to: "0004_last", problems: [] });
  await Promise.all(cuts);
  await holds(schema);
});

test("a second loss is waited for as the first was, however long after it", async () => {
  const schema = await freshSchema();
  const slow = historyOf({
    "0001_first": "CREATE TABLE a (id int)",
    "0002_slow": "SELECT pg_sleep(2.5)",
    "0003_last": "CREATE TABLE b (id int)",
  });
  const cuts = ["0001_first", "0003_last"].map((revision) =>
    proxy.once({ query: new RegExp(`${revision}.*COMMIT`, "s"), when: "before" }, (cut) => cut()),
  );
  expect(await up(schema, { from: slow, recoveryMs: 2_000 })).toMatchObject({ to: "0003_last", problems: [] });
  await Promise.all(cuts);
});

describe("a connection cut at a script outside a transaction", () => {
  // Not repeatable: whether it ran is for a person to say.
  const outside = historyOf({
    "0001_out": "-- migrate:no-transaction\nCREATE TABLE once (id int);\nCREATE TABLE twice (id int);",
    "0002_in": "CREATE TABLE after (id int)",
  });
  const tables = async (schema: string) =>
    (await objectsOf(database, schema)).filter((object) => object.startsWith("table"));

  test.each([
    ["its first row, before the server got it", { query: /'0001_out', 'up', 'started'/, when: "before" }],
    ["its last row, after the server carried it out", { query: /'0001_out', 'up', 'done'/, when: "after" }],
  ] as const)("at %s: the run goes on", async (_, moment) => {
    const schema = await freshSchema();
    const result = await cutAt(moment, () => up(schema, { from: outside }));
    expect(result).toMatchObject({ to: "0002_in", problems: [] });
    expect(stepsOf(result)).toEqual(["up 0001_out", "up 0002_in"]);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_out applied", "2 0002_in applied"]);
    expect(await tables(schema)).toEqual(["table after", "table once", "table twice"]);
  });

  test.each([
    ["its first row, after the server carried it out", { query: /'0001_out', 'up', 'started'/, when: "after" }, []],
    ["its first statement, before", { query: /^CREATE TABLE once/, when: "before" }, []],
    ["its first statement, after", { query: /^CREATE TABLE once/, when: "after" }, ["table once"]],
    ["its last statement, after", { query: /^CREATE TABLE twice/, when: "after" }, ["table once", "table twice"]],
    ["its last row, before", { query: /'0001_out', 'up', 'done'/, when: "before" }, ["table once", "table twice"]],
  ] as const)("at %s: marked as interrupted, nothing is repeated, nothing after it runs", async (_, moment, left) => {
    const schema = await freshSchema();
    const result = await cutAt(moment, () => up(schema, { from: outside }));
    expect(result).toMatchObject({ problems: [{ code: "interrupted", revision: "0001_out", direction: "up" }] });
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_out applying"]);
    expect(await tables(schema)).toEqual(left);
    expect((await events(database, schema))[0]).toBe("0001_out up started");
  });
});

describe("a connection cut where no step is under way", () => {
  test.each([
    ["asking for the lock", { query: /pg_try_advisory_lock/, when: "before" }],
    ["getting the lock", { query: /pg_try_advisory_lock/, when: "after" }],
    ["reading the ledger", { query: /FROM "cut_\d+".migration_ledger ORDER BY/, when: "before" }],
    ["letting go of the lock", { query: /pg_advisory_unlock/, when: "before" }],
    ["having let go of it", { query: /pg_advisory_unlock/, when: "after" }],
  ] as const)("%s: the run goes on", async (_, moment) => {
    const schema = await freshSchema();
    await migrate(connection, schema, history, { target: "1" });
    const result = await cutAt(moment, () => up(schema));
    expect(result).toMatchObject({ to: "0004_last", problems: [] });
    await holds(schema);
  });
});

test("in one of several schemas: the others do not notice", async () => {
  const schemas = [await freshSchema(), await freshSchema(), await freshSchema()];
  const [, hurt = ""] = schemas;
  const struck = proxy.once({ query: new RegExp(`"${hurt}".*0002_second.*COMMIT`, "s"), when: "after" }, (cut) =>
    cut(),
  );
  const results = await upOn(
    { ...proxy.connection, database: connection.database },
    Object.fromEntries(schemas.map((schema) => [schema, wish(history)])),
  );
  await struck;
  expect(results.map(({ to, problems }) => [to, problems])).toEqual(schemas.map(() => ["0004_last", []]));
  for (const schema of schemas) await holds(schema);
});

test("a slow network is no fault: what takes longer than a look of the watch is waited for", async () => {
  const schema = await freshSchema();
  const delayed = proxy.once({ query: /0002_second.*COMMIT/s, when: "after" }, () => sleep(2_500));
  const started = performance.now();
  expect(await up(schema)).toMatchObject({ to: "0004_last", problems: [] });
  await delayed;
  expect(performance.now() - started).toBeGreaterThan(2_400);
  await holds(schema);
});
