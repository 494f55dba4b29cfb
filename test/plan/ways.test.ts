import { describe, expect, it } from "vitest";
import { waysOf } from "../../src/plan/ways.ts";
import { both, ledgerOf, ledgerRows, noLedger, plan, revision, row } from "./build.ts";

const A = both("0001_a");
const INDEX = revision("0002_i", { up: "CREATE INDEX CONCURRENTLY i ON a (id);\n" });
const HISTORY = [A, INDEX];

/** The names of the schemas that go the same way. */
const ways = (...ledgers: readonly Parameters<typeof plan>[0]["ledger"][]) =>
  waysOf(ledgers.map((ledger) => plan({ ledger, history: HISTORY }))).map((way) => way.map(({ schema }) => schema));

describe("schemas go the same way", () => {
  it("where they run the same steps from the same revision; those that run none go no way", () => {
    expect(ways(ledgerOf([A], "a"), ledgerOf(HISTORY, "b"), ledgerOf([A], "c"), ledgerOf([], "d"))).toEqual([
      ["a", "c"],
      ["d"],
    ]);
  });

  it("but for one that goes on after an interruption, whose SQL asks first what there is", () => {
    const interrupted = ledgerRows([row(A), row(INDEX, { interrupted: "up" })], "b");
    expect(ways(ledgerOf([A], "a"), interrupted, ledgerOf([A], "c"))).toEqual([["a", "c"], ["b"]]);
  });

  it("but for one whose ledger is made first", () => {
    expect(ways(ledgerOf([], "a"), noLedger({ schema: "b" }), ledgerOf([], "c"))).toEqual([["a", "c"], ["b"]]);
  });
});
