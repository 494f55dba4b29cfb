import type pg from "pg";
import { describe, expect, test } from "vitest";
import type { FleetOptions } from "../../src/fleet/run-fleet.ts";
import type { Wish } from "../../src/fleet/run-schema.ts";
import { lockKey } from "../../src/postgres/advisory-lock.ts";
import { problemText } from "../../src/problem-text.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { fleetIn, migrate, planned, up as upOn, wish, withSession } from "../support/migrate.ts";
import { events, ledgerRows } from "../support/objects.ts";
import { advisoryLocks } from "../support/sessions.ts";

const database = useDatabase();
const { connection, query } = database;

const history = historyOf({
  "0001_users": { up: "CREATE TABLE users (id int)", down: "DROP TABLE users" },
  "0002_email": { up: "ALTER TABLE users ADD email text", down: "ALTER TABLE users DROP email" },
  "0003_index": { up: "CREATE INDEX by_email ON users (email)", down: "DROP INDEX by_email" },
});

async function schemasNamed(...names: readonly string[]): Promise<Readonly<Record<string, Wish>>> {
  for (const name of names) await query(`CREATE SCHEMA ${name}`);
  return Object.fromEntries(names.map((name) => [name, wish(history)]));
}

/** The numbers of a ledger's entries. */
async function entries(schema: string): Promise<readonly number[]> {
  const rows = await query<{ entry: number }>(`SELECT entry FROM ${schema}.migration_ledger ORDER BY at`);
  return rows.map(({ entry }) => entry);
}

/** One schema after the other, so that each knows what the one before took. */
function up(wishes: Readonly<Record<string, Wish>>, options: Partial<FleetOptions> = {}) {
  return upOn(connection, wishes, { concurrency: 1, onFailure: "continue", ...options });
}

/** Round trips of each schema, one after the other in one session. */
async function roundTripsOf(wishes: Readonly<Record<string, Wish>>): Promise<readonly number[]> {
  const plans = await planned(connection, wishes);
  return withSession(connection, async (client) => {
    const { connection: wire } = client as pg.ClientBase & { readonly connection: NodeJS.EventEmitter };
    const counts: number[] = [];
    let count = 0;
    wire.on("readyForQuery", () => {
      count += 1;
    });
    const onResult = () => {
      counts.push(count);
      count = 0;
    };
    await fleetIn({ sessions: 1, signedIn: () => 1, withClient: (callback) => callback(client) }, plans, { onResult });
    return counts;
  });
}

describe("a schema that is as it was planned", () => {
  test("is one message from the lock to its end: on the way up, on the way down, with a single step", async () => {
    const wishes = await schemasNamed("one_1", "one_2");
    const to = (target: string) => ({ one_1: wish(history, { target }), one_2: wish(history, { target }) });
    expect(await roundTripsOf(wishes)).toEqual([1, 1]);
    // Whatever is there, an index is quickly dropped; how quickly a column is, the first schema says.
    expect(await roundTripsOf(to("1"))).toEqual([2, 1]);
    expect(await roundTripsOf(to("2"))).toEqual([2, 1]);
    expect(await ledgerRows(database, "one_2")).toEqual(["1 0001_users applied", "2 0002_email applied"]);
    expect(await events(database, "one_2")).toEqual(await events(database, "one_1"));
    expect(await entries("one_2")).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await advisoryLocks(database)).toBe(0);
  });
});

describe("a schema that is no longer as it was planned", () => {
  test("is planned again where another run has migrated it since", async () => {
    const plans = await planned(connection, await schemasNamed("done_1", "done_2", "half"));
    await migrate(connection, "done_2", history);
    await migrate(connection, "half", history, { target: "2" });
    const results = await up(plans);
    expect(results.map(({ schema, from, to, problems, steps }) => [schema, from, to, problems, steps.length])).toEqual([
      ["done_1", "base", "0003_index", [], 3],
      ["done_2", "0003_index", "0003_index", [], 0],
      ["half", "0002_email", "0003_index", [], 1],
    ]);
    for (const schema of ["done_2", "half"]) expect((await events(database, schema)).length).toBe(3);
    expect(await advisoryLocks(database)).toBe(0);
  });

  test("and left alone where another run went beyond its target: no preview has shown that to be taken back", async () => {
    await schemasNamed("beyond", "going_back");
    const plans = [];
    for (const [schema, at, target] of [
      ["beyond", "1", "2"],
      ["going_back", "2", "1"],
    ] as const) {
      await migrate(connection, schema, history, { target: at });
      plans.push(await planned(connection, { [schema]: wish(history, { target }) }));
      await migrate(connection, schema, history);
    }
    const [result, goingBack] = await up(Object.assign({}, ...plans));
    expect(goingBack).toMatchObject({ to: "0003_index", steps: [], problems: [{ code: "overtaken" }] });
    expect(result).toMatchObject({ from: "0003_index", to: "0003_index", steps: [] });
    expect(result?.problems.map(problemText)).toMatchInlineSnapshot(`
      [
        "Schema "beyond" is at 0003_index by now: another run took it there after this one was planned. To go to 0002_email would take that back, which no preview has shown. Nothing was changed in it. Run pulumi preview again.",
      ]
    `);
    expect((await events(database, "beyond")).length).toBe(3);
  });

  test("also where it was taken back, and where only a failure was entered", async () => {
    const wishes = await schemasNamed("quick", "back", "failed");
    await up({ back: wish(history, { target: "2" }), failed: wish(history, { target: "2" }) });
    const plans = await planned(connection, wishes);
    await migrate(connection, "back", history, { target: "1" });
    await query(`INSERT INTO failed.migration_ledger (entry, at, revision, direction, outcome)
                 VALUES (3, now(), '0003_index', 'up', 'failed')`);
    const results = await up(plans);
    expect(results.map(({ to, problems, steps }) => [to, problems, steps.length])).toEqual([
      ["0003_index", [], 3],
      ["0003_index", [], 2],
      ["0003_index", [], 1],
    ]);
    expect(await entries("failed")).toEqual([1, 2, 3, 4]);
  });

  test("is not made anew where it, or its ledger, is gone: a tenant that was dropped would come back to life", async () => {
    await up(await schemasNamed("stays", "unledgered"));
    const wishes = await schemasNamed("gone");
    const asked = { ...wishes, unledgered: wish(history, { target: "1" }), comes: wish(history) };
    const plans = await planned(connection, asked);
    await query("DROP SCHEMA gone; DROP SCHEMA unledgered CASCADE; CREATE SCHEMA unledgered; CREATE SCHEMA comes");
    const results = await up(plans);
    expect(
      results.map(({ schema, to, problems }) => [schema, to, ...problems.map(problemText)]),
    ).toMatchInlineSnapshot(`
      [
        [
          "gone",
          "base",
          "Schema "gone" is gone since it was planned: dropped or renamed by someone else. Nothing was made anew, which no preview has shown. Run pulumi preview again.",
        ],
        [
          "unledgered",
          "base",
          "Schema "unledgered" lost its ledger since it was planned: dropped or renamed by someone else. Nothing was made anew, which no preview has shown. Run pulumi preview again.",
        ],
        [
          "comes",
          "0003_index",
        ],
      ]
    `);
    expect(await query("SELECT FROM pg_namespace WHERE nspname = 'gone'")).toEqual([]);
  });

  test("waits for the run that holds its lock, and says who that is", async () => {
    const plans = await planned(connection, await schemasNamed("free", "held"));
    const waits: string[] = [];
    const results = await withSession(connection, async (other) => {
      await other.query(`SELECT pg_advisory_lock(${lockKey("held")})`);
      return up(plans, {
        onWait: (schema) => {
          waits.push(schema);
          void other.query(`SELECT pg_advisory_unlock(${lockKey("held")})`);
        },
      });
    });
    expect(results.map(({ to, problems }) => [to, problems])).toEqual(Array(2).fill(["0003_index", []]));
    expect(waits).toEqual(["held"]);
    expect(await advisoryLocks(database)).toBe(0);
  });
});
