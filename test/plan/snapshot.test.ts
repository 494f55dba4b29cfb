import { describe, expect, it } from "vitest";
import type { Ledger } from "../../src/plan/ledger.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Snapshot, SnapshotUnused } from "../../src/plan/snapshot.ts";
import { historyOf } from "../support/history.ts";
import { noLedger } from "./build.ts";

const history = historyOf({
  "0001_a": { up: "CREATE TABLE a ()", down: "DROP TABLE a" },
  "0002_b": { up: "CREATE TABLE b ()" },
  "0003_c": { up: "CREATE TABLE c ()", down: "DROP TABLE c" },
});
const snapshot: Snapshot = {
  revision: "0002_b",
  script: { file: "migrations/snapshot.sql", sql: "CREATE TABLE a (); CREATE TABLE b ();" },
  fingerprint: "f".repeat(64),
  server: 18,
};
function plan(ledger: Partial<Ledger>, target = "head", from: Snapshot | SnapshotUnused = snapshot) {
  return makePlan({ ledger: noLedger(ledger), history, target, allowOutOfOrder: false, snapshot: from });
}

/** `0002_b snapshot`. */
const stepsOf = (...args: Parameters<typeof plan>) =>
  plan(...args).steps.map(({ revision, source }) => `${revision} ${source}`);

describe("a plan from a snapshot", () => {
  it("makes what the snapshot stands for in one step, and replays what came after it", () => {
    expect(stepsOf({})).toEqual(["0002_b snapshot", "0003_c folder"]);
    expect(plan({})).toMatchObject({ from: "base", to: "0003_c", createsLedger: true });
  });

  it("holds the ledger's rows as the revisions themselves would leave them", () => {
    expect(plan({}).steps[0]?.snapshot?.rows).toEqual([
      { revision: "0001_a", checksum: history[0]?.checksum, down: "DROP TABLE a", transaction: true },
      { revision: "0002_b", checksum: history[1]?.checksum, down: undefined, transaction: true },
    ]);
  });

  it("is only made for a schema that is empty, never used, and on its way to the snapshot's revision or beyond", () => {
    const replay = ["0001_a folder", "0002_b folder", "0003_c folder"];
    const applied = [
      {
        revision: "0001_a",
        checksum: history[0]?.checksum ?? "",
        down: undefined,
        transaction: true,
        interrupted: undefined,
      },
    ];
    expect(stepsOf({ schemaExists: false })).toEqual(["0002_b snapshot", "0003_c folder"]);
    expect(stepsOf({}, "0002")).toEqual(["0002_b snapshot"]);
    expect(stepsOf({}, "0001")).toEqual(["0001_a folder"]);
    expect(stepsOf({}, "base")).toEqual([]);
    expect(stepsOf({ populated: true })).toEqual(replay);
    expect(stepsOf({ exists: true, used: true })).toEqual(replay);
    expect(stepsOf({ exists: true, used: true, applied })).toEqual(replay.slice(1));
  });

  it("says why a snapshot is not used, only where a schema would have been made from it", () => {
    const unused: SnapshotUnused = { code: "snapshot-unused", file: "migrations/snapshot.sql", why: "missing" };
    expect(plan({}, "head", unused).unused).toEqual(unused);
    expect(plan({ populated: true }, "head", unused).unused).toBeUndefined();
    expect(plan({}).unused).toBeUndefined();
  });

  it("is refused where a way back that its ledger is to keep does not parse", () => {
    const broken = historyOf({ "0001_a": { up: "CREATE TABLE a ()", down: "DROP TABL a" }, "0002_b": "SELECT 1" });
    expect(() =>
      makePlan({ ledger: noLedger(), history: broken, target: "head", allowOutOfOrder: false, snapshot }),
    ).toThrow("syntax-error");
  });
});
