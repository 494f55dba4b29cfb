import fc from "fast-check";
import { expect, it } from "vitest";
import { makePlan } from "../../src/plan/make-plan.ts";
import { planEach } from "../../src/plan/plan-each.ts";
import { Refusal } from "../../src/problem.ts";
import { both, ledgerOf, ledgerRows, row } from "./build.ts";

const history = ["0001_a", "0002_b", "0003_c"].map(both);
const [first, second, third] = history as [ReturnType<typeof both>, ReturnType<typeof both>, ReturnType<typeof both>];

/** Rows as schemas may share them: whole, with a gap, edited, interrupted, of a newer folder, none. */
const rows = [
  ...[0, 1, 2, 3].map((count) => ledgerOf(history.slice(0, count)).applied),
  [row(first), row(third)],
  [row(first, { checksum: "edited" })],
  [row(first), row(second, { interrupted: "up" })],
  [row(first), row(second, { down: "SELECT 'another way down'" })],
  ledgerOf([...history, both("0004_d")]).applied,
];

const any = fc.record({
  applied: fc.constantFrom(...rows),
  populated: fc.boolean(),
  used: fc.boolean(),
  target: fc.constantFrom("head", "base", "0002_b", "-1"),
  allowOutOfOrder: fc.boolean(),
  downFrom: fc.constantFrom(undefined, "ledger" as const),
  baseline: fc.constantFrom(undefined, "0001_a"),
});

/** Schemas that differ from the first in one thing each: most is planned without a refusal, and all that matters differs. */
const fleets = fc
  .tuple(
    any,
    fc.array(fc.tuple(any, fc.constantFrom("applied", "populated", "used", "target", "downFrom", "baseline"))),
  )
  .map(([base, others]) => [
    base,
    ...others.map(([other, key]) => ({ ...base, [key]: other[key as keyof typeof other] })),
  ]);

function problemsOf(make: () => unknown): readonly unknown[] {
  try {
    make();
    return [];
  } catch (error) {
    if (error instanceof Refusal) return error.problems;
    throw error;
  }
}

it("plans each of many schemas as it would be planned alone", () => {
  fc.assert(
    fc.property(fleets, (schemas) => {
      const requests = schemas.map(({ applied, populated, used, ...wish }, index) => ({
        ...wish,
        history,
        ledger: { ...ledgerRows(applied, `tenant_${index}`), populated, used, since: new Date(index) },
      }));
      const wishes = new Map(requests.map(({ ledger, ...wish }) => [ledger.schema, wish]));
      const ledgers = requests.map(({ ledger }) => ledger);
      const alone = requests.flatMap((request) => problemsOf(() => makePlan(request)));
      const texts = new Set(alone.map((problem) => JSON.stringify(problem)));
      if (alone.length > 0) {
        const together = problemsOf(() => planEach(ledgers, wishes));
        expect(together.map((problem) => JSON.stringify(problem))).toEqual([...texts]);
      } else {
        expect(planEach(ledgers, wishes)).toEqual(requests.map(makePlan));
      }
    }),
    { numRuns: 1_000 },
  );
});

it("plans a thousand that are alike with the steps of one", () => {
  const { applied } = ledgerOf(history.slice(0, 1));
  const ledgers = Array.from({ length: 1_000 }, (_, index) => ledgerRows(applied, `tenant_${index}`));
  const wish = { history, target: "head", allowOutOfOrder: false };
  const plans = planEach(ledgers, new Map(ledgers.map((ledger) => [ledger.schema, wish])));
  expect(new Set(plans.map(({ steps }) => steps)).size).toBe(1);
  expect(plans.map((plan) => plan.schema)).toEqual(ledgers.map((ledger) => ledger.schema));
});
