import { type Problem, Refusal, refuseIfAny } from "../problem.ts";
import type { Ledger } from "./ledger.ts";
import { takesMigrated } from "./migrated-schemas.ts";
import { onceADatabase } from "./once-a-database.ts";
import type { Plan } from "./plan.ts";
import type { PlanRequest } from "./plan-request.ts";
import { planner } from "./planner.ts";

/**
 * Plans many schemas.
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
  const plan = planner();
  for (const ledger of ledgers) {
    const wish = wishes.get(ledger.schema);
    if (!wish) continue;
    try {
      plans.push(plan({ ...wish, ledger }));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problems.push(...error.problems);
    }
  }
  // A script that is wrong is wrong for every schema, and told once.
  const distinct = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  refuseIfAny(acceptedOneByOne([...distinct.values()]));
  refuseIfAny(takesMigrated(plans));
  if (wishes.size > 1) refuseIfAny(onceADatabase(plans));
  return plans;
}

/** Each edited revision with a place of its own in the list of those that are accepted, so that all may be put there one after the other. */
function acceptedOneByOne(problems: readonly Problem[]): readonly Problem[] {
  const edited = new Set(problems.flatMap((problem) => (problem.code === "edited" ? [problem.revision] : [])));
  const order = [...edited];
  return problems.map((problem) =>
    problem.code === "edited" ? { ...problem, accepted: problem.accepted + order.indexOf(problem.revision) } : problem,
  );
}
