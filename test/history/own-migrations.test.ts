import { describe, expect, it } from "vitest";
import { readHistory } from "../../src/history/read-history.ts";
import { resolveTarget } from "../../src/history/target.ts";
import { parseScript } from "../../src/script/parse-script.ts";
import { projectFolder } from "../../toolchain/install/layout.ts";

const history = readHistory(`${projectFolder}/migrations`);
const ids = history.map(({ id }) => id);

describe("the project's own migrations", () => {
  it("are numbered without a gap", () => {
    expect(history.length).toBeGreaterThanOrEqual(10);
    expect(history.map(({ number }) => number)).toEqual(ids.map((_, index) => BigInt(index + 1)));
  });

  it.each(history)("$id goes up and down, and PostgreSQL's parser takes both", ({ up, down, transaction }) => {
    for (const script of [up, down]) {
      expect(script && parseScript(script, transaction).statements.length).toBeGreaterThan(0);
    }
  });

  it("8285db59cac3 is the revision directly before add_cpf_and_address, with at least two after it", () => {
    const before = resolveTarget(ids, "8285db59cac3");
    const address = resolveTarget(ids, "add_cpf_and_address");
    if (before.kind !== "position" || address.kind !== "position") throw new Error("Both name a place.");
    expect(ids[before.position - 1]).toMatch(/^\d+_8285db59cac3_/);
    expect(ids[address.position - 1]).toMatch(/^\d+_add_cpf_and_address$/);
    expect(address.position).toBe(before.position + 1);
    expect(ids.length).toBeGreaterThanOrEqual(address.position + 2);
  });

  it("an index is built concurrently, outside a transaction, with nothing marking it", () => {
    const modes = history.flatMap(({ up }) => (up ? [parseScript(up).mode] : []));
    expect(modes).toContain("autocommit");
  });
});
