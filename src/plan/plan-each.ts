import { type Problem, Refusal, refuseIfAny } from "../problem.ts";
import type { Ledger } from "./ledger.ts";
import { makePlan } from "./make-plan.ts";
import { onceADatabase } from "./once-a-database.ts";
import type { Plan } from "./plan.ts";
import type { PlanRequest } from "./plan-request.ts";

/**
 * Plans many schemas. Those that are alike but for their names, as most of a fleet are, share one plan's steps: `makePlan`
 * runs once for them.
 *
 * @param wishes how each schema is to be planned; ledgers without a wish are left out
 * @throws Refusal with the problems of all schemas together
 */
export function planEach(
  ledgers: readonly Ledger[],
  wishes: ReadonlyMap<string, Omit<PlanRequest, "ledger">>,
): readonly Plan[] {
  const problems: Problem[] = [];
  const plans: Plan[] = [];
  const made = new Map<Ledger["applied"], Made[]>();
  for (const ledger of ledgers) {
    const wish = wishes.get(ledger.schema);
    if (!wish) continue;
    const request = { ...wish, ledger };
    const sameRows = made.get(ledger.applied) ?? [];
    const known = sameRows.find((other) => areAlike(other.request, request));
    if (known) {
      plans.push({ ...known.plan, schema: ledger.schema });
      continue;
    }
    try {
      const plan = makePlan(request);
      plans.push(plan);
      made.set(ledger.applied, [...sameRows, { request, plan }]);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problems.push(...error.problems);
    }
  }
  // A script that is wrong is wrong for every schema, and told once.
  refuseIfAny([...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()]);
  if (wishes.size > 1) refuseIfAny(onceADatabase(plans));
  return plans;
}

interface Made {
  readonly request: PlanRequest;
  readonly plan: Plan;
}

/** True where two requests differ in the schema's name only. Rows and history are the same where they are one array. */
function areAlike({ ledger: one, ...wish }: PlanRequest, { ledger: other, ...otherWish }: PlanRequest): boolean {
  return haveSameValues({ ...one, schema: other.schema }, other) && haveSameValues(wish, otherWish);
}

function haveSameValues(one: object, other: object): boolean {
  const others = new Map<string, unknown>(Object.entries(other));
  return (
    Object.keys(one).length === others.size &&
    Object.entries(one).every(([key, value]) => others.has(key) && Object.is(others.get(key), value))
  );
}
