import { describe, expect, it } from "vitest";
import { waveProblems } from "../../src/config/wave-problems.ts";
import { problemText } from "../../src/problem-text.ts";

const schemas = ["canary", "tenant_1", "tenant_2", "odd%"];

/** What is said against waves of a fleet, beside another fleet. */
function said(...waves: readonly (readonly string[])[]): string {
  const other = { waves, schemas: ["elsewhere"] };
  return waveProblems([{ waves, schemas }, other]).map(problemText).join("\n");
}

describe("an entry of a wave", () => {
  it.each(["canary", "elsewhere", "odd%", "tenant_*", "nobody_*", "1%", "10%", "100%"])("%s is fine", (entry) => {
    expect(said([entry])).toBe("");
  });

  it("that names nobody is refused: the canary would be left out without a word", () => {
    expect(said(["canry"], ["10%"])).toMatchInlineSnapshot(
      `"config "waves": got "canry", which is no schema of this stack, wants a share, a pattern, or one of canary, tenant_1, tenant_2, odd%, elsewhere. Set it: pulumi config set --path 'waves[0][0]' SCHEMA."`,
    );
  });

  it.each(["110%", "0%", "2.5%", "010%"])("%s is no share", (entry) => {
    expect(said([entry])).toContain(
      `config "waves": got "${entry}", which is no schema of this stack, wants a share from 1% to 100%.`,
    );
  });

  it("may name nobody as long as there is nobody", () => {
    expect(waveProblems([{ waves: [["canary"]], schemas: [] }])).toEqual([]);
  });

  it("is told once, however many fleets have it", () => {
    expect(said(["canry"], ["canry"]).split("\n")).toHaveLength(1);
  });
});
