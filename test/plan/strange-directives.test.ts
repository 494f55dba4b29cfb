import { describe, expect, it } from "vitest";
import { refused } from "../history/refused.ts";
import { historyOf } from "../support/history.ts";
import { ledgerOf, ledgerRows, moves, noLedger, plan, row } from "./build.ts";

/** The plan of a script that is new, or why there is none. */
const of = (up: string) => plan({ ledger: noLedger(), history: historyOf({ "0002_b": up }) });
const refusal = (up: string): string => refused(() => of(up));

describe("a comment that looks like a directive", () => {
  it("is refused with its line and what was meant", () => {
    expect(refusal("-- é\n\nVACUUM;\n-- migrate:no-transacton\n")).toMatchInlineSnapshot(
      `"migrations/0002_b.up.sql:4: "-- migrate:no-transacton" is no directive, and would be passed over. Did you mean -- migrate:no-transaction?"`,
    );
  });

  it.each([
    ["-- migrate:no_transaction", "-- migrate:no-transaction?"],
    ["-- migrate: irreversible", "-- migrate:irreversible?"],
    ["-- Migrate:Irreversible why", "-- migrate:irreversible?"],
    ["-- migrate:irreversable", "-- migrate:irreversible?"],
    ["-- migrate:irreversibly", "-- migrate:irreversible?"],
    ["--MIGRATE : no-transaction", "-- migrate:no-transaction?"],
  ])("%s is not passed over", (line, meant) => {
    expect(refusal(`${line}\nSELECT 1`)).toContain(`Did you mean ${meant}`);
  });

  it("is what is wrong where the script cannot run without it", () => {
    expect(refusal("-- migrate:no-transacton\nVACUUM;\nSELECT 1")).toContain("Did you mean");
  });

  it("is left to the parser where the script cannot be read", () => {
    expect(refusal("-- migrate:no-transacton\nSELECT 'open")).toContain("unterminated quoted string");
  });

  it("is told what there is where none of ours is near", () => {
    expect(refusal("-- migrate:concurrently\nSELECT 1")).toMatchInlineSnapshot(
      `"migrations/0002_b.up.sql:1: "-- migrate:concurrently" is no directive, and would be passed over. There are -- migrate:no-transaction and -- migrate:irreversible REASON. Begin a comment of another kind otherwise."`,
    );
  });

  it("is told of each, and in a way back as well", () => {
    const history = historyOf({
      "0001_a": { up: "-- migrate:irreversable\n-- migrate:no_transaction", down: "-- migrate:irreversable" },
    });
    expect(refused(() => plan({ ledger: noLedger(), history }))).toContain("0001_a.down.sql:1");
  });

  it.each([
    "-- migrate:no-transaction\nVACUUM",
    "--migrate:irreversible: rows are gone\nSELECT 1",
    "SELECT '\n-- migrate:no-transacton\n', $$\n-- migrate:up\n$$",
    "/* -- migrate:no-transacton */ SELECT 1",
    "-- migrates users: all of them\n-- what migrate:up does\nSELECT 1",
  ])("is none in %j", (up) => {
    expect(moves(of(up))).toEqual(["up 0002_b"]);
  });

  it("is mended in the folder where it is needed there, and rolls back from the ledger as it is", () => {
    const history = historyOf({ "0001_a": { up: "SELECT 1", down: "-- migrate:irreversable\nSELECT 1" } });
    const [applied] = history;
    if (!applied) throw new Error("no revision");
    const back = { ledger: ledgerRows([row(applied)]), target: "base" };
    expect(refused(() => plan({ ...back, history }))).toContain("irreversible?");
    expect(moves(plan({ ...back, history: [] }))).toEqual(["down 0001_a"]);
    expect(moves(plan({ ...back, history, downFrom: "ledger" }))).toEqual(["down 0001_a"]);
  });

  it("is not looked for in what is applied", () => {
    const history = historyOf({ "0001_a": "-- migrate:irreversable\nSELECT 1", "0002_b": "SELECT 2" });
    expect(moves(plan({ ledger: ledgerOf(history.slice(0, 1)), history }))).toEqual(["up 0002_b"]);
  });
});

describe("a file of another tool", () => {
  it("is refused where both halves would run: dbmate", () => {
    expect(
      refusal("-- migrate:up\nCREATE TABLE b (id int);\n\n-- migrate:down\nDROP TABLE b;\n"),
    ).toMatchInlineSnapshot(
      `"migrations/0002_b.up.sql:1: "-- migrate:up" is dbmate's, which has both ways in one file: here all of it would run. Split it, without such lines: what goes up into 0002_b.up.sql, what goes down into 0002_b.down.sql."`,
    );
  });

  it("is refused where both halves would run: goose", () => {
    expect(
      refusal("-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE b (id int);\n-- +goose Down\nDROP TABLE b;\n"),
    ).toMatchInlineSnapshot(
      `"migrations/0002_b.up.sql:1: "-- +goose NO TRANSACTION" is goose's, which has both ways in one file: here all of it would run. Split it, without such lines: what goes up into 0002_b.up.sql, what goes down into 0002_b.down.sql, each with a line -- migrate:no-transaction."`,
    );
  });

  it("is refused with one half alone as well", () => {
    expect(refusal("-- migrate:up transaction:false\nVACUUM")).toContain("each with a line -- migrate:no-transaction");
  });
});
