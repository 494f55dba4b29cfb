import { describe, expect, it } from "vitest";
import { diff } from "../../src/pulumi/handler.ts";
import { inputs } from "./build-inputs.ts";

const REVISIONS = { "0001_a": "aa", "0002_b": "bb", "0003_c": "cc" };

/** Whether an up has something to do where schemas are at these places. */
function changes(target: string, current: Readonly<Record<string, string[]>>, steps = {}): boolean {
  const news = inputs({ target, revisions: REVISIONS, head: "0003_c" });
  const { connection } = news;
  return diff("id", { connection, current, pending: {}, applied: [], steps }, news).changes ?? false;
}

describe("an up has something to do where a schema is not where its target is", () => {
  it("named", () => {
    expect(changes("0002_b", { "0002_b": ["dev", "prod"] })).toBe(false);
    expect(changes("0002_b", { "0002_b": ["dev"], base: ["prod"] })).toBe(true);
  });

  it("or was, where that is a step", () => {
    const steps = { "+2": { "0002_b": ["dev", "prod"] } };
    expect(changes("+2", { "0002_b": ["dev", "prod"] }, steps)).toBe(false);
    // One that was never started, and one that somebody has made anew since.
    expect(changes("+2", { "0002_b": ["dev"], base: ["prod"] }, steps)).toBe(true);
    expect(changes("+2", { "0002_b (with gaps)": ["dev"], "0002_b": ["prod"] }, steps)).toBe(true);
  });
});
