import { expect, test } from "vitest";
import { type FleetResult, runFleet } from "../../src/fleet/run-fleet.ts";
import { withSchemaLock } from "../../src/postgres/advisory-lock.ts";
import { withDatabase } from "../../src/postgres/database.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { NEVER, newRun, SETTINGS, wish, withSession } from "../support/migrate.ts";
import { ledgerRows } from "../support/objects.ts";

const database = useDatabase();
const { connection, query } = database;
// A SELECT can take any time, so that neither shares a message.
const history = historyOf({ "0001_a": "CREATE TABLE a (id int); SELECT 1", "0002_b": "CREATE TABLE b (id int)" });

type When = "step" | "wait" | "wave" | "end";

/** A run over waves of one schema each that is stopped at the first of something. */
async function stoppedAt(when: When, schemas: readonly string[]): Promise<FleetResult> {
  for (const schema of schemas) await query(`CREATE SCHEMA ${schema}`);
  const controller = new AbortController();
  const stop = () => controller.abort();
  return withDatabase(connection, 2, (some) =>
    runFleet(some, new Map(schemas.map((schema) => [schema, wish(history)])), {
      run: newRun(),
      settings: SETTINGS,
      stop: controller.signal,
      concurrency: 1,
      waves: schemas.map((schema) => [schema]),
      // As long as a test may take, and longer.
      goesOn: false,
      wavePauseMs: 600_000,
      waitMs: 600_000,
      recoveryMs: 0,
      onFailure: "continue",
      failureLimit: 0,
      onWave: () => {},
      onResult: () => {
        if (when === "end") stop();
        // In the pause behind it.
        if (when === "wave") setTimeout(stop, 200);
      },
      onStep: () => when === "step" && stop(),
      onWait: () => when === "wait" && stop(),
      onRetry: () => {},
      onSaid: () => {},
      onSnapshotUnused: () => {},
    }),
  );
}

test("stopped in a step: it is finished, the next one is not begun, nor is the next schema", async () => {
  const { results, held } = await stoppedAt("step", ["step_a", "step_b"]);
  expect(results).toMatchObject([
    {
      schema: "step_a",
      to: "0001_a",
      steps: [{ revision: "0001_a" }],
      problems: [{ code: "steps-left", schema: "step_a", at: "0001_a", left: 1, of: 2 }],
    },
  ]);
  expect(held).toEqual([{ code: "stopped" }]);
  expect(await ledgerRows(database, "step_a")).toEqual(["1 0001_a applied"]);
});

test("stopped between two waves: the pause ends, and what was not started is not taken for done", async () => {
  const { results, held } = await stoppedAt("wave", ["wave_a", "wave_b"]);
  expect(results).toMatchObject([{ schema: "wave_a", to: "0002_b", problems: [] }]);
  expect(held).toEqual([{ code: "stopped" }]);
});

test("stopped while it waits for another run: it waits no longer", async () => {
  const { results } = await withSession(connection, (client) =>
    withSchemaLock(client, "wait_a", { waitMs: 0, onWait: () => {}, stop: NEVER }, () => stoppedAt("wait", ["wait_a"])),
  );
  expect(results).toMatchObject([{ schema: "wait_a", to: "base", steps: [], problems: [{ code: "stopped" }] }]);
});

test("stopped when all is done: it is done", async () => {
  const { results, held } = await stoppedAt("end", ["done"]);
  expect(results).toMatchObject([{ schema: "done", to: "0002_b", problems: [] }]);
  expect(held).toEqual([]);
});
