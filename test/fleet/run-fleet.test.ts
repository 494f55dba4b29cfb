import { describe, expect, test } from "vitest";
import type { FleetOptions } from "../../src/fleet/run-fleet.ts";
import type { SchemaResult, Wish } from "../../src/fleet/run-schema.ts";
import type { History } from "../../src/history/revision.ts";
import { withDatabase } from "../../src/postgres/database.ts";
import { problemText } from "../../src/problem-text.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { fleetIn, migrate, up as upOn, wish as wishFor } from "../support/migrate.ts";
import { events, ledgerRows, objectsOf } from "../support/objects.ts";
import { advisoryLocks, terminateSleeping } from "../support/sessions.ts";

const database = useDatabase();
const { connection, query } = database;

const history = historyOf({
  "0001_users": { up: "CREATE TABLE users (id int)", down: "DROP TABLE users" },
  "0002_email": { up: "ALTER TABLE users ADD email text", down: "ALTER TABLE users DROP email" },
  "0003_index": { up: "CREATE INDEX CONCURRENTLY by_email ON users (email)", down: "DROP INDEX by_email" },
});

async function schemasNamed(...names: readonly string[]): Promise<readonly string[]> {
  for (const name of names) await query(`CREATE SCHEMA "${name}"`);
  return names;
}

function wish(target = "head", from: History = history): Wish {
  return wishFor(from, { target });
}

/** How many sessions sleep right now. */
async function sleeping(): Promise<number> {
  const rows = await query<{ busy: number }>(
    "SELECT count(*)::int AS busy FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'",
  );
  return rows[0]?.busy ?? 0;
}

/** One up over the wishes, with sessions of its own. */
function up(wishes: Readonly<Record<string, Wish>>, options: Partial<FleetOptions> = {}) {
  return upOn(connection, wishes, options);
}

/** `0001_users up`, in order. */
function stepsOf(result: SchemaResult | undefined): readonly string[] | undefined {
  return result?.steps.map(({ revision, direction }) => `${revision} ${direction}`);
}

describe("several schemas", () => {
  test("each goes from where it is to where it should be", async () => {
    const [fresh = "", half = "", pinned = "", there = ""] = await schemasNamed("fresh", "half", "pinned", "there");
    await migrate(connection, half, history, { target: "1" });
    await migrate(connection, pinned, history);
    await migrate(connection, there, history);
    const results = await up({ [fresh]: wish(), [half]: wish(), [pinned]: wish("1"), [there]: wish() });
    expect(results.map(({ steps: _, ...rest }) => rest)).toEqual([
      { schema: "fresh", from: "base", to: "0003_index", problems: [] },
      { schema: "half", from: "0001_users", to: "0003_index", problems: [] },
      { schema: "pinned", from: "0003_index", to: "0001_users", problems: [] },
      { schema: "there", from: "0003_index", to: "0003_index", problems: [] },
    ]);
    expect(results.map(stepsOf)).toEqual([
      ["0001_users up", "0002_email up", "0003_index up"],
      ["0002_email up", "0003_index up"],
      ["0003_index down", "0002_email down"],
      [],
    ]);
    expect(await objectsOf(database, half)).toEqual(await objectsOf(database, fresh));
    expect(await ledgerRows(database, pinned)).toEqual(["1 0001_users applied"]);
  });

  test("of which one does not exist: its first step creates it", async () => {
    const [result] = await up({ missing: wish() });
    expect(result).toMatchObject({ from: "base", to: "0003_index", problems: [] });
    expect(await ledgerRows(database, "missing")).toHaveLength(3);
  });

  test("more than there are sessions, each step told as it begins", async () => {
    const schemas = await schemasNamed(...Array.from({ length: 12 }, (_, index) => `tenant_${index}`));
    const told: string[] = [];
    const results = await up(Object.fromEntries(schemas.map((schema) => [schema, wish()])), {
      concurrency: 3,
      onStep: (plan, step, index) => told.push(`${plan.schema} ${index + 1}/${plan.steps.length} ${step.revision}`),
    });
    expect(results.map(({ schema, to }) => `${schema} ${to}`)).toEqual(schemas.map((schema) => `${schema} 0003_index`));
    expect(told.toSorted()).toEqual(
      schemas
        .flatMap((schema) => [`${schema} 1/3 0001_users`, `${schema} 2/3 0002_email`, `${schema} 3/3 0003_index`])
        .toSorted(),
    );
    expect(await advisoryLocks(database)).toBe(0);
  });

  test("are worked on at the same time, and no more of them than asked for", async () => {
    const schemas = await schemasNamed("slow_1", "slow_2", "slow_3", "slow_4");
    const slow = historyOf({ "0001_slow": "SELECT pg_sleep(0.15)" });
    let most = 0;
    const running = up(Object.fromEntries(schemas.map((schema) => [schema, wish("head", slow)])), { concurrency: 2 });
    let ended = false;
    const results = running.finally(() => {
      ended = true;
    });
    while (!ended) most = Math.max(most, await sleeping());
    expect(await results).toHaveLength(4);
    expect(most).toBe(2);
  });
});

describe("a failure in one schema", () => {
  const broken = historyOf({ "0001_users": "CREATE TABLE users (id int)", "0002_broken": "SELECT 1/0" });

  test("keeps what was done, and starts no further schema", async () => {
    const [good = "", bad = "", late = "", later = ""] = await schemasNamed("k_good", "k_bad", "k_late", "k_later");
    const wishes = { [good]: wish(), [bad]: wish("head", broken), [late]: wish(), [later]: wish() };
    const results = await up(wishes, { concurrency: 1 });
    expect(
      results.map(({ schema, from, to, problems }) => [schema, from, to, problems.map(({ code }) => code)]),
    ).toEqual([
      ["k_good", "base", "0003_index", []],
      ["k_bad", "base", "0001_users", ["step-failed"]],
    ]);
    expect(stepsOf(results[1])).toEqual(["0001_users up"]);
    expect(await ledgerRows(database, good)).toHaveLength(3);
    expect(await ledgerRows(database, bad)).toEqual(["1 0001_users applied"]);
    for (const schema of [late, later]) {
      expect(await query("SELECT 1 FROM pg_class WHERE relnamespace = $1::regnamespace", [schema])).toEqual([]);
    }
    // Mended, the next up goes on from there.
    const mended = historyOf({ "0001_users": "CREATE TABLE users (id int)", "0002_broken": "SELECT 1" });
    const next = await up({ ...wishes, [bad]: wish("head", mended) }, { concurrency: 1 });
    expect(next.map((result) => stepsOf(result)?.length)).toEqual([0, 1, 3, 3]);
  });

  test("whose session was ended from outside is told as its problem; the others' results are kept", async () => {
    const [done = "", killed = "", late = ""] = await schemasNamed("e_done", "e_killed", "e_late");
    const slow = historyOf({ "0001_slow": "CREATE TABLE a (id int); SELECT pg_sleep(30)" });
    const [results] = await Promise.all([
      up({ [done]: wish(), [killed]: wish("head", slow), [late]: wish() }, { concurrency: 1 }),
      terminateSleeping(database),
    ]);
    expect(results).toMatchObject([
      { schema: "e_done", to: "0003_index", problems: [] },
      { schema: "e_killed", to: "base", steps: [], problems: [{ code: "connection-lost", schema: "e_killed" }] },
    ]);
    expect(await objectsOf(database, killed)).toEqual([]);
  });

  test("that nobody has thought of is that schema's alone: what became of the others is told", async () => {
    await schemasNamed("o_1", "o_2", "o_3");
    const onStep: FleetOptions["onStep"] = ({ schema }) => {
      if (schema === "o_2") throw new RangeError("Invalid string length");
    };
    const wishes = { o_1: wish(), o_2: wish(), o_3: wish() };
    const results = await up(wishes, { onStep, concurrency: 1, onFailure: "continue" });
    expect(results.map(({ to }) => to)).toEqual(["0003_index", "base", "0003_index"]);
    expect(results[1]?.problems.map(problemText)).toEqual([
      expect.stringMatching(/^Schema "o_2": something went wrong .*: RangeError: Invalid string length\n/),
    ]);
  });

  test("lets those under way finish", async () => {
    const [slow = "", bad = "", late = ""] = await schemasNamed("u_slow", "u_bad", "u_late");
    const sleepy = historyOf({ "0001_a": "SELECT pg_sleep(0.4)", "0002_b": "CREATE TABLE b (id int)" });
    const results = await up(
      { [slow]: wish("head", sleepy), [bad]: wish("head", broken), [late]: wish() },
      { concurrency: 2 },
    );
    expect(results.map(({ schema, to, problems }) => [schema, to, problems.length])).toEqual([
      ["u_slow", "0002_b", 0],
      ["u_bad", "0001_users", 1],
    ]);
    expect(await ledgerRows(database, slow)).toHaveLength(2);
  });

  test("that is ahead of the folder, or whose file was edited: told by schema", async () => {
    const [ahead = "", edited = ""] = await schemasNamed("p_ahead", "p_edited");
    await migrate(connection, ahead, history);
    await migrate(connection, edited, historyOf({ "0001_users": "CREATE TABLE users (id bigint)" }));
    const results = await up({
      [ahead]: wish("head", history.slice(0, 2)),
      [edited]: wish(),
    });
    expect(results.map(({ schema, to, problems }) => [schema, to, problems.map(({ code }) => code)])).toEqual([
      ["p_ahead", "0003_index", ["not-in-folder"]],
      ["p_edited", "0001_users", ["edited"]],
    ]);
    expect(await events(database, edited)).toEqual(["0001_users up done"]);
  });
});

describe("runs at once", () => {
  test("ten on the same schema: each revision runs exactly once, the others find nothing to do", async () => {
    const [schema = ""] = await schemasNamed("ten");
    const runs = await Promise.all(Array.from({ length: 10 }, () => up({ [schema]: wish() })));
    expect(runs.flat().map(({ to, problems }) => [to, problems])).toEqual(
      Array.from({ length: 10 }, () => ["0003_index", []]),
    );
    expect(runs.flat().flatMap((result) => stepsOf(result) ?? [])).toEqual([
      "0001_users up",
      "0002_email up",
      "0003_index up",
    ]);
    expect(await events(database, schema)).toEqual([
      "0001_users up done",
      "0002_email up done",
      "0003_index up started",
      "0003_index up done",
    ]);
  });

  test("on the same schemas in opposite orders: none waits for ever, each revision runs once", async () => {
    const schemas = await schemasNamed("cross_1", "cross_2", "cross_3", "cross_4");
    const wishes = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, wish()]));
    const runs = await Promise.all([
      up(wishes(schemas), { concurrency: 2 }),
      up(wishes(schemas.toReversed()), { concurrency: 2 }),
      up(wishes(schemas), { concurrency: 4 }),
    ]);
    expect(runs.flat().flatMap(({ problems }) => problems)).toEqual([]);
    for (const schema of schemas) expect(await events(database, schema)).toHaveLength(4);
  });

  test("a schema that another run migrated meanwhile has nothing to do", async () => {
    const [schema = ""] = await schemasNamed("meanwhile");
    const slow = historyOf({ "0001_slow": "SELECT pg_sleep(2)", "0002_b": "CREATE TABLE b (id int)" });
    const waited: string[] = [];
    const first = up({ [schema]: wish("head", slow) });
    await expect
      .poll(() =>
        query("SELECT 1 AS held FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"),
      )
      .toHaveLength(1);
    const second = await up({ [schema]: wish("head", slow) }, { onWait: (name) => waited.push(name) });
    expect(waited).toEqual([schema]);
    expect(second).toEqual([{ schema, from: "0002_b", to: "0002_b", steps: [], problems: [] }]);
    expect(stepsOf((await first)[0])).toEqual(["0001_slow up", "0002_b up"]);
  });

  test("one that waits too long is told who holds the schema, and has changed nothing", async () => {
    const [schema = ""] = await schemasNamed("too_long");
    const slow = historyOf({ "0001_slow": "SELECT pg_sleep(2)" });
    const first = up({ [schema]: wish("head", slow) });
    await expect
      .poll(() =>
        query("SELECT 1 AS held FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"),
      )
      .toHaveLength(1);
    const [second] = await up({ [schema]: wish("head", slow) }, { waitMs: 50 });
    expect(second).toMatchObject({
      steps: [],
      problems: [
        { code: "locked", schema, holder: { application: "pulumi-schema-migrations", pid: expect.any(Number) } },
      ],
    });
    await first;
    expect(await events(database, schema)).toEqual(["0001_slow up done"]);
  });

  test("one up, the other down: they take turns, and ledger and structure agree", async () => {
    const [schema = ""] = await schemasNamed("both_ways");
    await migrate(connection, schema, history, { target: "1" });
    const runs = await Promise.all(
      Array.from({ length: 6 }, (_, index) => up({ [schema]: wish(index % 2 === 0 ? "2" : "1") })),
    );
    expect(runs.flat().flatMap(({ problems }) => problems)).toEqual([]);
    const applied = (await ledgerRows(database, schema)).length;
    const columns = (await objectsOf(database, schema)).filter((object) => object.startsWith("column"));
    expect(columns).toHaveLength(applied);
  });
});

describe("waves", () => {
  const broken = historyOf({ "0001_broken": "SELECT 1/0" });
  const reached = (results: readonly SchemaResult[]) => results.map(({ schema, to }) => `${schema} ${to}`);

  test("follow one another: the next starts when the one before is whole", async () => {
    const names = await schemasNamed("w_canary", "w_1", "w_2");
    const began: string[] = [];
    const results = await up(Object.fromEntries(names.map((name) => [name, wish()])), {
      waves: [["w_canary"], ["w_1", "w_2"]],
      onWave: (index) => began.push(`wave ${index}`),
      onStep: ({ schema }, _, index) => index === 0 && began.push(schema),
    });
    expect(began.slice(0, 3)).toEqual(["wave 0", "w_canary", "wave 1"]);
    expect(reached(results)).toEqual(["w_canary 0003_index", "w_1 0003_index", "w_2 0003_index"]);
  });

  test("end with one that is not whole, also where failures are let pass", async () => {
    await schemasNamed("x_canary", "x_mate", "x_later");
    const wishes = { x_canary: wish("head", broken), x_mate: wish(), x_later: wish() };
    const waves = [["x_canary", "x_mate"], ["x_later"]];
    const results = await up(wishes, { waves, onFailure: "continue", concurrency: 1 });
    expect(reached(results)).toEqual(["x_canary base", "x_mate 0003_index"]);
    expect(await query("SELECT FROM pg_class WHERE relnamespace = 'x_later'::regnamespace")).toEqual([]);
  });

  test("wait for a query to say true, which cannot change anything", async () => {
    await schemasNamed("y_1", "y_2");
    const go = (waveCheck: string) =>
      withDatabase(connection, 3, (sessions) =>
        fleetIn(sessions, { y_1: wish("1"), y_2: wish("1") }, { waves: [["y_1"], ["y_2"]], waveCheck }),
      );
    const answers = ["SELECT false", "SELECT 'true'", "SELECT WHERE false", "SELECT * FROM missing", "DROP SCHEMA y_2"];
    const losing = "SELECT pg_terminate_backend(pg_backend_pid())";
    const held = [];
    for (const answer of [...answers, losing]) {
      const { results, held: why } = await go(answer);
      expect(reached(results)).toEqual(["y_1 0001_users"]);
      held.push(why.map((problem) => ("answer" in problem ? problem.answer : problem.code)).join());
    }
    expect(held.slice(0, -1)).toEqual(["false", '"true"', "no row", "server-error", "server-error"]);
    // Where the connection is lost, what the first wave has done is told all the same.
    expect(held.at(-1)).toMatch(/^no answer \(/);
    const { results, held: none } = await go("SELECT count(*) = 1 FROM y_1.migration_ledger");
    expect([reached(results), none]).toEqual([["y_1 0001_users", "y_2 0001_users"], []]);
  });
});

describe("failures that are let pass", () => {
  const broken = historyOf({ "0001_broken": "SELECT 1/0" });

  test("leave the others their way", async () => {
    await schemasNamed("c_1", "c_2", "c_3");
    const wishes = { c_1: wish("head", broken), c_2: wish(), c_3: wish() };
    const results = await up(wishes, { onFailure: "continue", concurrency: 1 });
    expect(results.map(({ to }) => to)).toEqual(["base", "0003_index", "0003_index"]);
  });

  test("are as many as the limit allows, and one more", async () => {
    const names = await schemasNamed("l_1", "l_2", "l_3", "l_4", "l_5");
    const wishes = Object.fromEntries(names.map((name) => [name, wish("head", broken)]));
    const results = await up(wishes, { onFailure: "continue", failureLimit: 2, concurrency: 1 });
    expect(results.map(({ schema }) => schema)).toEqual(["l_1", "l_2", "l_3"]);
  });

  test("with several at once, those under way beside the last of them as well", async () => {
    const names = await schemasNamed(...Array.from({ length: 20 }, (_, index) => `m_${index}`));
    const wishes = Object.fromEntries(names.map((name) => [name, wish("head", broken)]));
    const results = await up(wishes, { onFailure: "continue", failureLimit: 2, concurrency: 4 });
    expect(results.every(({ problems }) => problems.length === 1)).toBe(true);
    expect(results.length).toBeGreaterThanOrEqual(3);
    expect(results.length).toBeLessThanOrEqual(3 + 3);
  });
});

test("steps that change what all schemas share run one after the other", async () => {
  const names = await schemasNamed("s_1", "s_2", "s_3", "s_4");
  await query("CREATE ROLE shared_by_all");
  const shared = historyOf({ "0001_shared": "ALTER ROLE shared_by_all SET work_mem = '8MB'; SELECT pg_sleep(0.2)" });
  let most = 0;
  const running = up(Object.fromEntries(names.map((name) => [name, wish("head", shared)])), { concurrency: 4 });
  let ended = false;
  const results = running.finally(() => {
    ended = true;
  });
  while (!ended) most = Math.max(most, await sleeping());
  expect((await results).map(({ problems }) => problems)).toEqual([[], [], [], []]);
  expect(most).toBe(1);
  expect(await advisoryLocks(database)).toBe(0);
  await query("DROP ROLE shared_by_all");
});
