import { describe, expect, it } from "vitest";
import { fleetNotes } from "../../src/pulumi/fleet-notes.ts";
import { inputs } from "./build-inputs.ts";

const olds = {
  connection: inputs().connection,
  current: { "0001_a": ["a", "b"] },
  pending: {},
  applied: [],
  steps: {},
};

describe("what is told of a fleet as a whole", () => {
  it("is nothing where nothing is special", () => {
    expect(fleetNotes(inputs({ schemas: ["a", "b"] }), olds, [])).toEqual([]);
    expect(fleetNotes(inputs(), undefined, [])).toEqual([]);
  });

  it("names who is new, gone and excluded", () => {
    expect(fleetNotes(inputs({ schemas: ["b", "c"], excluded: ["d"] }), olds, [])).toEqual([
      "New here: c",
      "No longer here: a",
      "Excluded: d",
    ]);
  });

  it("says where nobody is left", () => {
    expect(fleetNotes(inputs({ schemas: [], excluded: ["a", "b"] }), olds, [])).toEqual([
      "No longer here: a, b",
      "Excluded: a, b; no schema is left to migrate",
    ]);
  });
});
