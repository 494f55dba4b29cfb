import { expect, it } from "vitest";
import { withOthers } from "../../src/fleet/had-by-others.ts";
import type { SchemaResult } from "../../src/fleet/run-schema.ts";
import type { Problem } from "../../src/problem.ts";
import { both, ledgerOf, plan } from "../plan/build.ts";

const [A, B, C] = [both("0001_a"), both("0002_b"), both("0003_c")] as const;
const history = [A, B, C];
const at = (schema: string, ...applied: (typeof history)[number][]) =>
  plan({ ledger: ledgerOf(applied, schema), history, allowOutOfOrder: true });

function failed(schema: string, direction: "up" | "down"): SchemaResult {
  const problem: Problem = {
    code: "step-failed",
    schema,
    revision: "0002_b",
    direction,
    file: "",
    line: 1,
    statement: "",
    error: { sqlstate: "23505", message: "" },
    at: "0001_a",
    cause: "script",
  };
  return { schema, from: "0001_a", to: "0001_a", steps: [], problems: [problem] };
}

const done: SchemaResult = {
  schema: "done",
  from: "0001_a",
  to: "0002_b",
  steps: [{ revision: "0002_b", direction: "up", durationMs: 1 }],
  problems: [],
};

const plans = [
  at("failed", A),
  at("had", A, B),
  at("beyond", A, B, C),
  at("gap", A, C),
  at("behind", A),
  at("new"),
  at("done", A),
];
const told = (result: SchemaResult, accepted: readonly string[] = []) =>
  withOthers([result, done], plans, accepted)[0]?.problems[0];

it("a failed up says who has its revision: from before, or from this run; not who is beyond it without it", () => {
  expect(told(failed("failed", "up"))).toMatchObject({ others: ["had", "beyond", "done"], accepted: 0 });
});

it("it has no place of its own among the accepted where it is one of them", () => {
  expect(told(failed("failed", "up"), ["0001_a"])).toMatchObject({ accepted: 1 });
  expect(told(failed("failed", "up"), ["0002_b"])).not.toHaveProperty("accepted");
});

it("says nothing of a down, or where no other has it", () => {
  expect(told(failed("failed", "down"))).not.toHaveProperty("others");
  expect(
    withOthers([failed("failed", "up")], [at("failed", A), at("gap", A, C)], [])[0]?.problems[0],
  ).not.toHaveProperty("others");
});
