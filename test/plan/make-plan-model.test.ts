import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { History } from "../../src/history/revision.ts";
import { idAt } from "../../src/history/target.ts";
import type { AppliedRevision } from "../../src/plan/ledger.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Plan, Step } from "../../src/plan/plan.ts";
import { both, ledgerOf, ledgerRows, plan } from "./build.ts";

/** What running a step does to the ledger's rows. */
function run(rows: readonly AppliedRevision[], step: Step): readonly AppliedRevision[] {
  const { revision, checksum, down, transaction } = step;
  if (step.direction === "down") {
    expect(rows.at(-1)).toMatchObject({ revision });
    return rows.slice(0, -1);
  }
  expect(rows.map((row) => row.revision)).not.toContain(revision);
  return [...rows, { revision, checksum, down, transaction, interrupted: undefined }];
}

const runAll = (rows: readonly AppliedRevision[], { steps }: Plan) => steps.reduce(run, rows);

const histories = fc
  .uniqueArray(fc.nat(5000), { maxLength: 9 })
  .map((numbers) => numbers.toSorted((a, b) => a - b).map((number) => both(`${number}_r`)));

/** A history, a position where a schema is and one where it shall go. */
const journeys = histories.chain((history) =>
  fc.record({
    history: fc.constant<History>(history),
    from: fc.nat(history.length),
    to: fc.nat(history.length),
  }),
);

const idsOf = (history: History) => history.map(({ id }) => id);

describe("whatever the history, the ledger and the target", () => {
  it("running the plan leads exactly there, and its plan back leads back", () => {
    fc.assert(
      fc.property(journeys, ({ history, from, to }) => {
        const [here, there] = [ledgerOf(history.slice(0, from)), ledgerOf(history.slice(0, to))];
        const [start, target] = [idAt(idsOf(history), from), idAt(idsOf(history), to)];
        const forth = plan({ ledger: here, history, target });
        expect(forth).toMatchObject({ from: start, to: target, pending: idsOf(history.slice(to)) });
        const arrived = runAll(here.applied, forth);
        expect(arrived).toEqual(there.applied);

        const back = plan({ ledger: ledgerRows(arrived), history, target: start });
        expect(runAll(arrived, back)).toEqual(here.applied);
        expect(back.steps).toHaveLength(forth.steps.length);
      }),
    );
  });

  it("no step is taken that is not needed", () => {
    fc.assert(
      fc.property(journeys, ({ history, from, to }) => {
        const { steps } = plan({
          ledger: ledgerOf(history.slice(0, from)),
          history,
          target: idAt(idsOf(history), to),
        });
        expect(steps.map((step) => step.direction)).toEqual(
          Array.from({ length: Math.abs(to - from) }, () => (to > from ? "up" : "down")),
        );
      }),
    );
  });

  it("a step as a number leads where the same place by name leads", () => {
    fc.assert(
      fc.property(journeys, ({ history, from, to }) => {
        const ledger = ledgerOf(history.slice(0, from));
        const target = `${to < from ? "-" : "+"}${Math.abs(to - from)}`;
        expect(plan({ ledger, history, target })).toEqual(plan({ ledger, history, target: idAt(idsOf(history), to) }));
      }),
    );
  });

  it("stopped after any step, the next plan does the rest", () => {
    fc.assert(
      fc.property(journeys, fc.nat(), ({ history, from, to }, stop) => {
        const target = idAt(idsOf(history), to);
        const ledger = ledgerOf(history.slice(0, from));
        const whole = plan({ ledger, history, target });
        const done = stop % (whole.steps.length + 1);
        const rest = plan({
          ledger: ledgerRows(runAll(ledger.applied, { ...whole, steps: whole.steps.slice(0, done) })),
          history,
          target,
        });
        expect(rest.steps).toEqual(whole.steps.slice(done));
      }),
    );
  });

  it("the same values give the same plan, and are left as they were", () => {
    fc.assert(
      fc.property(journeys, ({ history, from, to }) => {
        const request = {
          ledger: ledgerOf(history.slice(0, from)),
          history,
          target: idAt(idsOf(history), to),
          allowOutOfOrder: false,
        };
        const before = structuredClone(request);
        expect(makePlan(request)).toEqual(makePlan(structuredClone(request)));
        expect(request).toEqual(before);
      }),
    );
  });

  it("a schema with any of the revisions, applied in any order, gets to the target where that is allowed", () => {
    const strays = histories.chain((history) =>
      fc.record({
        history: fc.constant<History>(history),
        applied: fc.shuffledSubarray(history),
        to: fc.nat(history.length),
      }),
    );
    fc.assert(
      fc.property(strays, ({ history, applied, to }) => {
        const target = idAt(idsOf(history), to);
        const { steps } = plan({ ledger: ledgerOf(applied), history, target, allowOutOfOrder: true });
        const after = steps.reduce<readonly string[]>(
          (ids, step) =>
            step.direction === "up" ? ids.concat(step.revision) : ids.filter((id) => id !== step.revision),
          idsOf(applied),
        );
        expect(after.toSorted()).toEqual(idsOf(history.slice(0, to)).toSorted());
      }),
    );
  });
});
