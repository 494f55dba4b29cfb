import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { describe, expect, test } from "vitest";
import type { FleetOptions } from "../../src/fleet/run-fleet.ts";
import type { SchemaResult } from "../../src/fleet/run-schema.ts";
import { APPLICATION_NAME } from "../../src/postgres/database.ts";
import { type LockHolder, Refusal } from "../../src/problem.ts";
import { problemText } from "../../src/problem-text.ts";
import { useDatabase } from "../support/database.ts";
import { startFleet } from "../support/fleet.ts";
import { historyOf } from "../support/history.ts";
import { disagreements, MARKED, markedFiles, markedHistory, markedScripts } from "../support/marked-history.ts";
import { SETTINGS, up, wish, withSession } from "../support/migrate.ts";
import { events, ledgerRows } from "../support/objects.ts";
import { makeProject, type Outcome, type TestProject } from "../support/project.ts";
import { startProxy } from "../support/proxy.ts";
import { advisoryLocks } from "../support/sessions.ts";

const database = useDatabase();
const { connection, query } = database;

const eachOnce = MARKED.map(({ id }) => `${id} up done`);

async function upsDone(schema: string): Promise<readonly string[]> {
  return (await events(database, schema)).filter((event) => event.endsWith("done"));
}

describe("runs at once on the same schema", () => {
  test.each([2, 10])("%d processes: each revision runs exactly once, and all end at the head", async (count) => {
    const schema = `processes_${count}`;
    await query(`CREATE SCHEMA ${schema}`);
    const task = {
      connection,
      scripts: markedScripts(MARKED.map((revision) => ({ ...revision, sleep: 0.1 }))),
      targets: { [schema]: "head" },
      concurrency: 1,
      waitMs: 30_000,
    };
    const runs = await Promise.all(Array.from({ length: count }, () => startFleet(task).results));
    expect(runs.flatMap((results) => results ?? []).map(({ to, problems }) => [to, problems])).toEqual(
      Array.from({ length: count }, () => ["0004_last", []]),
    );
    expect(await upsDone(schema)).toEqual(eachOnce);
    expect(await disagreements(database, schema)).toEqual([]);
    expect(await advisoryLocks(database)).toBe(0);
  });

  test("nine of ten wait, and each is told who holds the lock: its name, process and age", async () => {
    await query("CREATE SCHEMA told");
    const history = markedHistory([{ id: "0001_slow", kind: "transaction", sleep: 1.2 }]);
    const told: (LockHolder | undefined)[] = [];
    const options = { onWait: (_: string, holder: LockHolder | undefined) => told.push(holder) };
    const first = up(connection, { told: wish(history) });
    const holder = await pidAsleep();
    await sleep(1_000 - 400);
    await Promise.all([first, ...Array.from({ length: 9 }, () => up(connection, { told: wish(history) }, options))]);
    expect(told).toHaveLength(9);
    for (const who of told) {
      expect(who).toEqual({
        pid: holder,
        application: APPLICATION_NAME,
        user: "postgres",
        seconds: expect.any(Number),
      });
    }
    expect(await upsDone("told")).toEqual(["0001_slow up done"]);
  });
});

test("two pulumi up, of different stacks, on the same schema: each revision runs exactly once", async () => {
  const stacks = { red: ["shared"], blue: ["shared"] };
  const proxy = await startProxy(connection);
  // What sleeps goes alone, so that the lock is held by then.
  const migrations = markedFiles(MARKED.map((revision) => ({ ...revision, sleep: 0.01 })));
  const first = await makeProject({ connection: proxy.connection, stacks, migrations });
  const second = await makeProject({ connection, stacks, migrations });
  const up = ({ pulumi }: TestProject, stack: string) => pulumi("up", "--yes", "--skip-preview", "--stack", stack);
  let blue: Promise<Outcome> | undefined;
  // The first is held in the middle of its work until the second waits for it.
  const held = proxy.once({ query: /0002_second.*COMMIT/s, when: "before" }, async () => {
    blue = up(second, "blue");
    while ((await waiting()) === 0) await sleep(50);
  });
  const red = await up(first, "red");
  await held;
  for (const outcome of [red, await blue]) expect(outcome?.exitCode, outcome?.output).toBe(0);
  await proxy.close();
  expect(await upsDone("shared")).toEqual(eachOnce);
  expect(await disagreements(database, "shared")).toEqual([]);
  expect((await blue)?.output).toMatch(
    /shared: waiting for pulumi-schema-migrations of postgres \(pid \d+, for \d+ s\)/,
  );
});

/** How many sessions of ours have asked for a schema's lock last, and not got it. */
async function waiting(): Promise<number> {
  const rows = await query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1
        AND query ~ 'pg_try_advisory_lock|FROM pg_catalog.pg_locks l' AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')`,
    [APPLICATION_NAME],
  );
  return rows.length;
}

/** The process id of a session that is inside pg_sleep(). */
async function pidAsleep(): Promise<number> {
  for (;;) {
    const [row] = await query<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'",
    );
    if (row) return row.pid;
  }
}

describe.concurrent("a session that holds ACCESS EXCLUSIVE on a table", () => {
  const history = historyOf({ "0001_alter": "CREATE TABLE mine (id int);\nALTER TABLE busy ADD COLUMN note text;" });

  async function schemaWithTable(schema: string): Promise<string> {
    await query(`CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.busy (id int)`);
    return schema;
  }

  async function alter(
    schema: string,
    lockTimeoutMs: number,
    options: Partial<FleetOptions> = {},
  ): Promise<SchemaResult> {
    const settings = { ...SETTINGS, lockTimeoutMs };
    const [result] = await up(connection, { [schema]: wish(history) }, { settings, ...options });
    if (!result) throw new Error("no result");
    return result;
  }

  /** Another session, in whose transaction a statement has run. */
  function blocking<T>(statement: string, callback: (client: pg.ClientBase, pid: number) => Promise<T>): Promise<T> {
    return withSession({ ...connection }, async (client) => {
      await client.query("SET application_name TO 'nightly report'");
      const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      await client.query("BEGIN");
      await client.query(statement);
      return callback(client, rows[0]?.pid ?? 0);
    });
  }

  test("for good: tried again, then told with its process, its query and its age", async () => {
    const schema = await schemaWithTable("blocked");
    const retries: (number | undefined)[] = [];
    await blocking(`LOCK TABLE ${schema}.busy /* the report */`, async (client, pid) => {
      // Longer than the watch's second, so that it is seen.
      const started = performance.now();
      const { problems, to } = await alter(schema, 1_200, {
        onRetry: (_, step, blocker) => retries.push(step.revision === "0001_alter" ? blocker?.pid : 0),
      });
      const took = performance.now() - started;
      await client.query("ROLLBACK");
      expect(problems).toMatchObject([
        {
          code: "blocked",
          attempts: 5,
          error: { sqlstate: "55P03" },
          blocker: { pid, application: "nightly report", query: expect.stringContaining("/* the report */") },
        },
      ]);
      expect(problems.map(problemText).join()).toMatch(
        new RegExp(
          `gave way 5 times.*nightly report of postgres \\(pid ${pid}, for \\d+ s\\).*\\n.*/\\* the report \\*/.*\\nNothing of 0001_alter remains`,
        ),
      );
      const [problem] = problems;
      if (problem?.code !== "blocked") throw new Refusal(problems);
      // The age of its transaction, which began before this run and goes on.
      expect(problem.blocker?.seconds).toBeGreaterThanOrEqual(5);
      expect(problem.blocker?.seconds).toBeLessThanOrEqual(took / 1_000 + 1);
      // A busy machine may look only when the statement has just given up.
      expect(retries).toHaveLength(4);
      expect(new Set(retries.filter((seen) => seen !== undefined))).toEqual(new Set([pid]));
      expect(to).toBe("base");
    });
    expect(await ledgerRows(database, schema)).toEqual([]);
    expect(await events(database, schema)).toEqual(["0001_alter up failed : canceling statement due to lock timeout"]);
  });

  test("and leaves in time: the step succeeds", async () => {
    const schema = await schemaWithTable("leaves");
    let retried = 0;
    const result = await blocking(`LOCK TABLE ${schema}.busy`, async (client) => {
      const running = alter(schema, 200, {
        onRetry: () => {
          retried += 1;
        },
      });
      await expect.poll(() => retried, { timeout: 5_000 }).toBe(1);
      await client.query("COMMIT");
      return running;
    });
    expect(result).toMatchObject({ to: "0001_alter", problems: [] });
    expect(await events(database, schema)).toEqual(["0001_alter up done"]);
  });

  test("reads: others are never queued behind ours for longer than lock_timeout, and get through between tries", async () => {
    const schema = await schemaWithTable("queued");
    const lockTimeoutMs = 400;
    // A long SELECT: other reads pass it, our ALTER TABLE does not, and those behind ours wait with it.
    const waits = await blocking(`SELECT * FROM ${schema}.busy`, async (client) => {
      const running = alter(schema, lockTimeoutMs);
      let ended = false;
      void running.finally(() => {
        ended = true;
      });
      const waits: number[] = [];
      await withSession(connection, async (reader) => {
        while (!ended) {
          const started = performance.now();
          await reader.query(`SELECT * FROM ${schema}.busy`);
          waits.push(performance.now() - started);
          await sleep(20);
        }
      });
      expect((await running).problems).toMatchObject([{ code: "blocked", attempts: 5 }]);
      await client.query("ROLLBACK");
      return waits;
    });
    const long = waits.filter((wait) => wait > lockTimeoutMs / 2);
    // It did queue, at each of the five tries at most once, and no longer than that.
    expect(long.length).toBeGreaterThanOrEqual(3);
    expect(long.length).toBeLessThanOrEqual(5);
    expect(Math.max(...waits)).toBeLessThan(2.5 * lockTimeoutMs);
    expect(waits.length).toBeGreaterThan(50);
  });
});
