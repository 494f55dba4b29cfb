import { describe, expect, it } from "vitest";
import { type AppliedRevision, currentRevision, type Entry, replay } from "../../src/plan/ledger.ts";
import { ledgerRows } from "./build.ts";

/** `up 0001_a done`, as the ledger enters it. */
function entry(told: string): Entry {
  const [direction, revision, outcome] = told.split(" ") as [Entry["direction"], string, Entry["outcome"]];
  const kept = { checksum: `sum of ${revision}`, down: `undo ${revision}`, in_transaction: false };
  const none = { checksum: null, down: null, in_transaction: null };
  return { revision, direction, outcome, ...(direction === "up" && outcome !== "failed" ? kept : none) };
}

/** What is applied behind the entries: `0001_a`, or `0001_a up` where it was interrupted on the way up. */
const standing = (...told: readonly string[]) =>
  replay(told.map(entry)).map(({ revision, interrupted }) => [revision, interrupted].filter(Boolean).join(" "));

describe("what is applied once all entries of a ledger happened", () => {
  it("is nothing without entries", () => {
    expect(standing()).toEqual([]);
  });

  it("is what went up and did not come down since, in the order of applying", () => {
    expect(standing("up 1_a done", "up 3_c done", "up 2_b done")).toEqual(["1_a", "3_c", "2_b"]);
    expect(standing("up 1_a done", "up 2_b done", "down 2_b done")).toEqual(["1_a"]);
    expect(standing("up 1_a done", "up 2_b done", "down 1_a done", "up 1_a done")).toEqual(["2_b", "1_a"]);
    expect(standing("up 1_a done", "down 1_a done")).toEqual([]);
  });

  it("is the same whether a revision ran, was taken over or came with a snapshot", () => {
    expect(standing("up 1_a recorded", "up 2_b snapshot", "up 3_c done")).toEqual(["1_a", "2_b", "3_c"]);
  });

  it("is not changed by what failed", () => {
    expect(standing("up 1_a failed", "up 1_a done", "down 1_a failed", "up 2_b failed")).toEqual(["1_a"]);
  });

  it("is interrupted where a script began and did not finish, up or down, also when it failed", () => {
    expect(standing("up 1_a started")).toEqual(["1_a up"]);
    expect(standing("up 1_a started", "up 1_a failed")).toEqual(["1_a up"]);
    expect(standing("up 1_a started", "up 1_a done")).toEqual(["1_a"]);
    expect(standing("up 1_a done", "down 1_a started", "down 1_a failed")).toEqual(["1_a down"]);
    expect(standing("up 1_a done", "down 1_a started", "down 1_a done")).toEqual([]);
    expect(standing("up 1_a done", "down 1_a started", "down 1_a started", "down 1_a done", "up 1_a started")).toEqual([
      "1_a up",
    ]);
  });

  it("keeps the place of what was begun again", () => {
    expect(standing("up 1_a done", "up 2_b started", "up 2_b started", "up 2_b done", "up 3_c done")).toEqual([
      "1_a",
      "2_b",
      "3_c",
    ]);
    expect(standing("up 1_a done", "up 2_b done", "down 1_a started")).toEqual(["1_a down", "2_b"]);
  });

  it("holds what was entered with the last up, also while it comes down", () => {
    const first = { ...entry("up 1_a done"), checksum: "old", down: null, in_transaction: true };
    const told: AppliedRevision = {
      revision: "1_a",
      checksum: "sum of 1_a",
      down: "undo 1_a",
      transaction: false,
      interrupted: "down",
    };
    expect(replay([first, ...["down 1_a done", "up 1_a done", "down 1_a started"].map(entry)])).toEqual([told]);
    expect(replay([first])).toEqual([
      { ...told, checksum: "old", down: undefined, transaction: true, interrupted: undefined },
    ]);
  });

  it("a schema is at the highest of it, what is half there not counted", () => {
    const at = (...told: readonly string[]) => currentRevision(ledgerRows(replay(told.map(entry))));
    expect(at("up 1_a done", "up 3_c done", "up 2_b done")).toBe("3_c");
    expect(at("up 1_a done", "up 2_b started")).toBe("1_a");
    expect(at("up 1_a done", "down 1_a done")).toBe("base");
  });
});
