import { describe, expect, it } from "vitest";
import type { SchemaResult } from "../../src/fleet/run-schema.ts";
import { type Inputs, type Outputs, wishes } from "../../src/pulumi/inputs.ts";
import { briefly, outputs } from "../../src/pulumi/outputs.ts";
import { both, ledgerOf, plan } from "../plan/build.ts";
import { inputs } from "./build-inputs.ts";

const HISTORY = ["0001_a", "0002_b", "0003_c", "0004_d"].map(both);
const ASKED = inputs({
  schemas: ["failed", "waiting"],
  target: "-2",
  revisions: Object.fromEntries(HISTORY.map(({ id, checksum }) => [id, checksum])),
});
const PLANS = ASKED.schemas.map((schema) =>
  plan({ ledger: ledgerOf(HISTORY, schema), history: HISTORY, target: "-2" }),
);

/** One schema failed after its first step down, the other was not started. */
const RESULTS: readonly SchemaResult[] = [
  { schema: "failed", from: "0004_d", to: "0003_c", steps: [], problems: [{ code: "no-connection" }] },
];

const state = (): Outputs => outputs(ASKED, undefined, HISTORY, PLANS, RESULTS);

describe("the state after a run", () => {
  it("has each schema once, below the revision that it is at, started or not", () => {
    expect(state().current).toEqual({ "0003_c": ["failed"], "0004_d": ["waiting"] });
  });

  it("knows a step like -2 that failed half way as the place where it leads, not as two more steps", () => {
    expect([...wishes(ASKED, HISTORY, state()).values()].map((wish) => wish.target)).toEqual(["0002_b", "0002_b"]);
  });

  describe("knows where a step led a schema that is away for a while", () => {
    const back = (away: Inputs) => {
      const after = outputs(away, state(), HISTORY, PLANS.slice(1), []);
      return Object.fromEntries([...wishes(ASKED, HISTORY, after)].map(([schema, wish]) => [schema, wish.target]));
    };

    it("so that the step is not taken again when it comes back", () => {
      expect(back({ ...ASKED, schemas: ["waiting"] })).toEqual({ failed: "0002_b", waiting: "0002_b" });
    });

    it("while the step is its target", () => {
      const pins = { failed: "0004_d" };
      expect(back({ ...ASKED, schemas: ["waiting"], pins })).toEqual({ failed: "-2", waiting: "0002_b" });
      expect(back({ ...ASKED, schemas: ["waiting"], target: "head" })).toEqual({ failed: "-2", waiting: "-2" });
    });
  });

  it("has what is beyond a revision that schemas are held at", () => {
    expect(state().pending).toEqual({ "0003_c": ["0004_d"] });
  });

  it("has the revisions up to the highest that is applied anywhere", () => {
    expect(state().applied).toEqual(["0001_a", "0002_b", "0003_c", "0004_d"]);
  });
});

it("a stack's output names few schemas, and counts many", () => {
  const many = Array.from({ length: 11 }, (_, index) => `tenant_${index}`);
  expect(briefly({ "0001_a": ["dev", "prod"], "0002_b": many })).toEqual({
    "0001_a": "dev, prod",
    "0002_b": "11 schemas",
  });
});
