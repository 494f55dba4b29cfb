import { describe, expect, it } from "vitest";
import { targetOf } from "../../src/history/target.ts";
import { desiredPlaces, desiredRevisions, type Inputs, type Outputs, wishes } from "../../src/pulumi/inputs.ts";
import { refused } from "../history/refused.ts";
import { both } from "../plan/build.ts";
import { inputs } from "./build-inputs.ts";

const [A, B, C, D] = [both("0001_a"), both("0002_b"), both("0003_c"), both("0004_d")] as const;
const HISTORY = [A, B, C, D];
const IDS = HISTORY.map(({ id }) => id);

const outputs = (steps: Outputs["steps"]): Outputs => ({
  connection: inputs().connection,
  current: {},
  pending: {},
  applied: [],
  steps,
});

const revisionsOf = (changes: Partial<Inputs>) => Object.keys(desiredRevisions(HISTORY, inputs(changes)));

describe("the target of a schema", () => {
  it("is its pin, or else the resource's", () => {
    const pinned = inputs({ target: "0003", pins: { prod: "0002" } });
    expect(targetOf(pinned, "prod")).toBe("0002");
    expect(targetOf(pinned, "dev")).toBe("0003");
  });
});

describe("the revisions that the engine's diff shows", () => {
  it("are those up to the target, with their checksums", () => {
    expect(desiredRevisions(HISTORY, inputs({ target: "0002" }))).toEqual({
      "0001_a": A.checksum,
      "0002_b": B.checksum,
    });
  });

  it("are all at head, none at base", () => {
    expect(revisionsOf({ target: "head" })).toEqual(IDS);
    expect(revisionsOf({ target: "base" })).toEqual([]);
  });

  it("are those of the schema that goes furthest, if only by its pin", () => {
    expect(revisionsOf({ target: "0001", pins: { prod: "0003" } })).toEqual(["0001_a", "0002_b", "0003_c"]);
    expect(revisionsOf({ target: "head", pins: { prod: "0001" } })).toEqual(IDS);
    expect(revisionsOf({ target: "head", pins: { dev: "0002", prod: "0001" } })).toEqual(["0001_a", "0002_b"]);
  });

  it("are all where a step can lead anywhere", () => {
    expect(revisionsOf({ target: "-1" })).toEqual(IDS);
    expect(revisionsOf({ target: "0001", pins: { prod: "+1" } })).toEqual(IDS);
  });

  it("are none of a pin that is not in the history: refused", () => {
    expect(refused(() => revisionsOf({ pins: { prod: "0009_gone" } }))).toContain('Target "0009_gone"');
  });
});

describe("where a schema should be", () => {
  it("by target or pin", () => {
    const asked = inputs({ target: "head", pins: { prod: "b" } });
    expect(desiredPlaces(asked, IDS).get("dev")).toBe("0004_d");
    expect(desiredPlaces(asked, IDS).get("prod")).toBe("0002_b");
    expect(desiredPlaces(inputs({ target: "base" }), IDS).get("prod")).toBe("base");
  });

  it("only its ledger can tell, where the target is a step", () => {
    expect(desiredPlaces(inputs({ target: "-1" }), IDS).get("prod")).toBeUndefined();
  });
});

describe("how each schema is planned", () => {
  const targets = (asked: Inputs, olds?: Outputs) =>
    Object.fromEntries([...wishes(asked, HISTORY, olds)].map(([schema, wish]) => [schema, wish.target]));

  it("with its target and the resource's choices", () => {
    const asked = inputs({
      schemas: ["prod"],
      target: "0002",
      allowOutOfOrder: true,
      acceptEdited: ["b"],
      downFrom: "ledger",
    });
    expect([...wishes(asked, HISTORY, undefined)]).toEqual([
      [
        "prod",
        { history: HISTORY, target: "0002", allowOutOfOrder: true, acceptEdited: ["0002_b"], downFrom: "ledger" },
      ],
    ]);
  });

  it("a step that was taken is the place where it led, so that -1 is one step and not one more at each up", () => {
    const asked = inputs({ target: "-1" });
    const olds = outputs({ "-1": { "0003_c": ["prod"] } });
    expect(targets(asked, olds)).toEqual({ dev: "-1", prod: "0003_c" });
  });

  it("a step other than the one taken is a new one", () => {
    const olds = outputs({ "-1": { "0003_c": ["prod"] } });
    expect(targets(inputs({ target: "-2" }), olds)).toEqual({ dev: "-2", prod: "-2" });
    expect(targets(inputs({ target: "head", pins: { prod: "0001" } }), olds)).toEqual({ dev: "head", prod: "0001" });
  });
});
