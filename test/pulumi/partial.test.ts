import { expect, it } from "vitest";
import type { Problem } from "../../src/problem.ts";
import { partial } from "../../src/pulumi/failure.ts";

const failed: Extract<Problem, { code: "step-failed" }> = {
  code: "step-failed",
  schema: "prod",
  revision: "0002_b",
  direction: "up",
  file: "0002_b.up.sql",
  line: 1,
  statement: undefined,
  error: { sqlstate: "22012", message: "division by zero" },
  at: "0001_a",
  cause: "script",
};

/** The last line of what is told where the problem ended a run of two schemas. */
function summary(problem: Problem): string | undefined {
  const outs = { current: {}, pending: {}, applied: [], steps: {} };
  const connection = { host: "db", port: 5432, database: "salon", user: "deploy", sslmode: "require" } as const;
  const results = [{ schema: "prod", from: "0001_a", to: "0001_a", steps: [], problems: [problem] }];
  const { reasons } = partial("id", {}, { connection, ...outs }, 2, results, []);
  return reasons.at(-1)?.split("\n").at(-1);
}

it("the next up goes on, but for a script outside a transaction of which a person has to say what became of it", () => {
  const goesOn = "Of 2 schemas 1 failed, 1 not started. What was done is kept; the next up goes on from there.";
  expect(summary(failed)).toBe(goesOn);
  expect(summary({ ...failed, begun: { earlier: true, repeatable: true } })).toBe(goesOn);
  expect(summary({ ...failed, begun: { earlier: true, repeatable: false } })).toMatchInlineSnapshot(
    `"Of 2 schemas 1 failed, 1 not started. What was done is kept; the next up refuses until the ledger is told."`,
  );
});
