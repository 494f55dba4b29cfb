import type pg from "pg";
import { describe, expect, test } from "vitest";
import { withSchemaLock } from "../../src/postgres/advisory-lock.ts";
import { APPLICATION_NAME } from "../../src/postgres/database.ts";
import { type LockHolder, Refusal } from "../../src/problem.ts";
import { problemText } from "../../src/problem-text.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { migrateIn, NEVER, problemsOf, withSession } from "../support/migrate.ts";
import { ledgerRows } from "../support/objects.ts";
import { advisoryLocks } from "../support/sessions.ts";

const database = useDatabase();
const { connection, query } = database;

interface Hold {
  readonly pid: number;
  /** Lets go and waits until the session is closed. */
  readonly release: () => Promise<void>;
  /** Settles when the session is closed. */
  readonly closed: Promise<void>;
}

/** Another run that holds a schema's lock until told otherwise. */
async function hold(schema: string): Promise<Hold> {
  const held = Promise.withResolvers<number>();
  const done = Promise.withResolvers<void>();
  const closed = locked(schema, async (client) => {
    const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    held.resolve(rows[0]?.pid ?? 0);
    await done.promise;
  });
  const pid = await Promise.race([held.promise, closed.then(() => 0)]);
  const release = async () => {
    done.resolve();
    await closed;
  };
  return { pid, release, closed };
}

/** Runs the callback under the schema's lock in a session of its own; `waits` gets the holders that it was told. */
function locked<T>(
  schema: string,
  callback: (client: pg.ClientBase) => Promise<T>,
  { waitMs = 10_000, waits = [] }: { readonly waitMs?: number; readonly waits?: (LockHolder | undefined)[] } = {},
): Promise<T> {
  return withSession(connection, (client) =>
    withSchemaLock(client, schema, { waitMs, onWait: (holder) => waits.push(holder), stop: NEVER }, () =>
      callback(client),
    ),
  );
}

// Names whose keys are negative, and positive: the key is split in two halves in pg_locks.
describe.each(["dev", "prod", "tenant_2", "tenant_3", 'a"; drop schema prod; --'])(
  "two runs on schema %s",
  (schema) => {
    test("wait for each other, and the waiting one is told who holds the lock", async () => {
      const holder = await hold(schema);
      const waits: (LockHolder | undefined)[] = [];
      const order: string[] = [];
      const second = locked(schema, async () => order.push("second"), { waits });
      await expect.poll(() => waits).toHaveLength(1);
      order.push("first is done");
      await holder.release();
      await second;
      expect(order).toEqual(["first is done", "second"]);
      expect(waits).toEqual([
        { pid: holder.pid, application: APPLICATION_NAME, user: "postgres", seconds: expect.any(Number) },
      ]);
    });
  },
);

test("the waiting one gives up when its time is over, and names the holder", async () => {
  const holder = await hold("busy");
  const started = performance.now();
  const problems = await problemsOf(locked("busy", () => Promise.reject(new Error("it ran")), { waitMs: 400 }));
  const took = performance.now() - started;
  await holder.release();
  expect(problems).toMatchObject([
    { code: "locked", schema: "busy", holder: { pid: holder.pid, application: APPLICATION_NAME, user: "postgres" } },
  ]);
  expect(took).toBeGreaterThanOrEqual(400);
  expect(took).toBeLessThan(2_000);
  expect(
    problems
      .map(problemText)
      .join("\n")
      .replaceAll(`${holder.pid}`, "PID")
      .replace(/for \d+ s/, "for 0 s"),
  ).toMatchInlineSnapshot(
    `"Schema "busy" is being migrated by another run: pulumi-schema-migrations of postgres (pid PID, for 0 s). Gave up after 0.4 s. Run again when it is done, or wait longer: pulumi config set waitTimeoutMs MS."`,
  );
});

test("a time of 0 does not wait at all", async () => {
  const holder = await hold("at_once");
  expect(await problemsOf(locked("at_once", async () => {}, { waitMs: 0 }))).toMatchObject([{ code: "locked" }]);
  await holder.release();
  expect(await locked("at_once", async () => "free", { waitMs: 0 })).toBe("free");
});

test("runs on different schemas do not wait", async () => {
  const holder = await hold("one");
  const waits: (LockHolder | undefined)[] = [];
  expect(await locked("other", async () => "ran", { waitMs: 0, waits })).toBe("ran");
  expect(waits).toEqual([]);
  await holder.release();
});

test("nor do runs on schemas of the same name in different databases", async () => {
  const holder = await hold("same_name");
  const elsewhere = withSession({ ...connection, database: "postgres" }, (client) =>
    withSchemaLock(client, "same_name", { waitMs: 0, onWait: () => {}, stop: NEVER }, async () => "ran"),
  );
  expect(await elsewhere).toBe("ran");
  await holder.release();
});

describe("no lock stays behind", () => {
  test("after the callback, in a session that lives on", async () => {
    await withSession(connection, async (client) => {
      await withSchemaLock(client, "lives_on", { waitMs: 0, onWait: () => {}, stop: NEVER }, async () => {});
      expect(await advisoryLocks(database)).toBe(0);
    });
  });

  test("after a callback that threw", async () => {
    const failing = locked("threw", () => Promise.reject(new Refusal([{ code: "no-connection" }])));
    expect(await problemsOf(failing)).toEqual([{ code: "no-connection" }]);
    await expect.poll(() => advisoryLocks(database)).toBe(0);
  });

  test("when the holder's session is ended from outside: the waiting one goes on", async () => {
    const holder = await hold("killed");
    const waits: (LockHolder | undefined)[] = [];
    const second = locked("killed", async () => "ran", { waits });
    await expect.poll(() => waits).toHaveLength(1);
    await query("SELECT pg_terminate_backend($1)", [holder.pid]);
    expect(await second).toBe("ran");
    // It learns of its end when it lets go.
    await expect(holder.release()).rejects.toThrow();
  });
});

test("CREATE INDEX CONCURRENTLY does not deadlock with runs that wait for the same schema", async () => {
  await query("CREATE SCHEMA concurrent");
  const history = historyOf({
    "0001_rows": "CREATE TABLE many AS SELECT generate_series(1, 1000) AS id",
    "0002_index": "CREATE INDEX CONCURRENTLY a ON many (id);\nCREATE INDEX CONCURRENTLY b ON many (id);",
  });
  const runs = Array.from({ length: 5 }, () =>
    locked("concurrent", (client) => migrateIn(client, "concurrent", history)),
  );
  const results = await Promise.all(runs);
  expect(results.map((result) => result.length).toSorted()).toEqual([0, 0, 0, 0, 2]);
  expect(await ledgerRows(database, "concurrent")).toEqual(["1 0001_rows applied", "2 0002_index applied"]);
});

test("the waiting one is in no transaction, which CREATE INDEX CONCURRENTLY would wait for", async () => {
  const holder = await hold("polled");
  const waits: (LockHolder | undefined)[] = [];
  const second = locked("polled", async () => {}, { waits });
  await expect.poll(() => waits).toHaveLength(1);
  const rows = await query(
    `SELECT state, xact_start, wait_event_type IS DISTINCT FROM 'Lock' AS polls FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = $1 AND query ~ 'pg_try_advisory_lock|pg_locks'
        AND state = 'idle'`,
    [APPLICATION_NAME],
  );
  expect(rows).toContainEqual({ state: "idle", xact_start: null, polls: true });
  await holder.release();
  await second;
});

test("a schema's lock is let go of with its last step, while the session goes on to the next schema", async () => {
  await query("CREATE SCHEMA finished");
  const history = historyOf({ "0001_a": { up: "CREATE TABLE a (id int);" } });
  const left = await withSession(connection, async (client) => {
    await migrateIn(client, "finished", history);
    return advisoryLocks(database);
  });
  expect(left).toBe(0);
});
