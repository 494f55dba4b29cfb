import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitIntoWaves } from "../../src/fleet/waves.ts";

const TENANTS = Array.from({ length: 10 }, (_, index) => `tenant_${index}`);

describe("waves", () => {
  it("are one where none is asked for, and none without schemas", () => {
    expect(splitIntoWaves(TENANTS, [])).toEqual([TENANTS]);
    expect(splitIntoWaves([], [["10%"], ["tenant_*"]])).toEqual([]);
  });

  it("begin with those that are named, the rest comes last", () => {
    expect(splitIntoWaves(["a", "b", "c"], [["c"], ["b"]])).toEqual([["c"], ["b"], ["a"]]);
  });

  it("take whoever fits a pattern, once, with the first that fits", () => {
    expect(splitIntoWaves(["test_1", "a", "test_2"], [["test_*"], ["*_2", "a"]])).toEqual([
      ["test_1", "test_2"],
      ["a"],
    ]);
  });

  it("take a share of all, rounded up, of what is left by then", () => {
    const [canary, most, rest] = splitIntoWaves(TENANTS, [["tenant_9"], ["25%"]]);
    expect([canary, most, rest]).toEqual([["tenant_9"], ["tenant_0", "tenant_1", "tenant_2"], TENANTS.slice(3, 9)]);
    expect(splitIntoWaves(TENANTS, [["tenant_5", "10%"]])[0]).toEqual(["tenant_0", "tenant_5"]);
    expect(splitIntoWaves(TENANTS, [["100%"], ["10%"]])).toEqual([TENANTS]);
  });

  it("take a name with any character as it is", () => {
    expect(splitIntoWaves(["a.b", "axb", "[x]"], [["a.b"], ["[x]"]])).toEqual([["a.b"], ["[x]"], ["axb"]]);
  });

  it("hold each schema exactly once, in the order of the fleet, whatever is asked", () => {
    const entry = fc.oneof(fc.constantFrom("tenant_*", "*_3", "*", "other", "33%", "0%"), fc.constantFrom(...TENANTS));
    fc.assert(
      fc.property(fc.array(fc.array(entry, { minLength: 1 })), (waves) => {
        const split = splitIntoWaves(TENANTS, waves);
        expect(split.flat().toSorted()).toEqual(TENANTS);
        for (const wave of split) expect(wave).toEqual(TENANTS.filter((tenant) => wave.includes(tenant)));
      }),
    );
  });
});
