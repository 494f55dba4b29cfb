import { describe, expect, it } from "vitest";
import type { Revision } from "../../src/history/revision.ts";
import { stepTexts } from "../../src/pulumi/step-texts.ts";
import { ledgerOf, plan, revision } from "../plan/build.ts";

const id = (number: number) => `${String(number).padStart(4, "0")}_t`;

/** Revisions of three statements each. */
function many(length: number, change: (number: number) => string = () => ""): readonly Revision[] {
  return Array.from({ length }, (_, index) => {
    const table = `t${index + 1}`;
    const up = `CREATE TABLE ${table} (id int);\nCREATE INDEX ON ${table} (id);\n${change(index + 1)}COMMENT ON TABLE ${table} IS 'x';\n`;
    return revision(id(index + 1), { up, down: `DROP TABLE ${table};\n` });
  });
}

const ups = (history: readonly Revision[]) => stepTexts(plan({ ledger: ledgerOf([]), history }).steps);

describe("the steps of a plan are told as fully as a screen has room for", () => {
  it("a few: in words and with their SQL", () => {
    expect(ups(many(1))).toEqual([
      "  ↑ 0001_t",
      "      create table t1 (id)",
      "      create index on t1 (id)",
      "      comment on table t1",
      "      | CREATE TABLE t1 (id int);",
      "      | CREATE INDEX ON t1 (id);",
      "      | COMMENT ON TABLE t1 IS 'x';",
    ]);
    expect(ups(many(5))).toHaveLength(35);
  });

  it("more: in words", () => {
    const lines = ups(many(10));
    expect(lines).toHaveLength(40);
    expect(lines.slice(-4)).toEqual([
      "  ↑ 0010_t",
      "      create table t10 (id)",
      "      create index on t10 (id)",
      "      comment on table t10",
    ]);
  });

  it("many: a line each, with the first thing that each does", () => {
    const lines = ups(many(40));
    expect(lines).toHaveLength(40);
    expect(lines[39]).toBe("  ↑ 0040_t: create table t40 (id), and 2 more");
  });

  it("too many: the first and the last of them", () => {
    const lines = ups(many(120));
    expect(lines).toHaveLength(41);
    expect(lines.slice(19, 22)).toEqual([
      "  ↑ 0020_t: create table t20 (id), and 2 more",
      "  … 80 more steps …",
      "  ↑ 0101_t: create table t101 (id), and 2 more",
    ]);
  });

  it("what an up drops is never left out", () => {
    const lines = ups(many(120, (number) => (number === 60 ? "DROP TABLE t1;\nALTER TABLE t2 DROP COLUMN id;\n" : "")));
    expect(lines.slice(20, 23)).toEqual([
      "  … 39 more steps …",
      "  ↑ 0060_t: drop table t1, drop column t2.id, and 3 more",
      "  … 40 more steps …",
    ]);
  });

  it("what runs otherwise says so in any case", () => {
    const index = revision("0099_index", {
      up: "CREATE INDEX CONCURRENTLY i ON t1 (id);\n",
      down: "DROP INDEX CONCURRENTLY i;",
    });
    expect(ups([...many(30), index]).at(-1)).toBe(
      "  ↑ 0099_index, outside a transaction: create index i on t1 (id), concurrently",
    );
  });

  it("what cannot be taken back says so, and why, in words and in a line", () => {
    const irreversible = "-- migrate:irreversible the ids are gone\nALTER TABLE t1 DROP COLUMN id;\n";
    const history = [
      revision("0101_said", { up: irreversible, down: "ALTER TABLE t1 ADD id int;" }),
      revision("0102_down", { up: "CREATE TABLE u ();", down: "-- migrate:irreversible\n" }),
      revision("0103_none", { up: "CREATE TABLE v ();" }),
      revision("0104_back", { up: "CREATE TABLE w ();", down: "DROP TABLE w;" }),
    ];
    expect(ups(history).filter((line) => line.includes("↑"))).toEqual([
      "  ↑ 0101_said, no way back: the ids are gone",
      "  ↑ 0102_down, no way back: it says that it is irreversible",
      "  ↑ 0103_none, no way back: it has no down script",
      "  ↑ 0104_back",
    ]);
    expect(ups([...many(30), ...history]).slice(-4)).toEqual([
      "  ↑ 0101_said: drop column t1.id; no way back: the ids are gone",
      "  ↑ 0102_down: create table u; no way back: it says that it is irreversible",
      "  ↑ 0103_none: create table v; no way back: it has no down script",
      "  ↑ 0104_back: create table w",
    ]);
  });

  it("on the way down it was said before what is dropped", () => {
    const history = many(20);
    const lines = stepTexts(plan({ ledger: ledgerOf(history), history, target: "base" }).steps);
    expect(lines).toHaveLength(40);
    const [first] = stepTexts(plan({ ledger: ledgerOf(many(30)), history: many(30), target: "base" }).steps);
    expect(first).toBe("  ↓ 0030_t: drop table t30");
  });
});
