import type { Ledger } from "../plan/ledger.ts";
import type { Plan } from "../plan/plan.ts";
import { Refusal } from "../problem.ts";

/** Refuses to make anew what was there when it was planned: a tenant that was dropped meanwhile would come back to life. */
export function refuseGone(planned: Plan, { schema, schemaExists, exists }: Ledger): void {
  if (planned.schemaExists && !schemaExists) throw new Refusal([{ code: "schema-gone", schema, what: "schema" }]);
  const hadLedger = planned.steps.length > 0 && !planned.createsLedger;
  if (hadLedger && !exists) throw new Refusal([{ code: "schema-gone", schema, what: "ledger" }]);
}

/** Refuses to take back what another run has done since the plan was made: nobody has seen that in a preview. */
export function refuseUnseenDowns(planned: Plan, plan: Plan): void {
  const seen = new Set(downsOf(planned));
  if (downsOf(plan).every((revision) => seen.has(revision))) return;
  throw new Refusal([{ code: "overtaken", schema: plan.schema, at: plan.from, to: plan.to }]);
}

function downsOf({ steps }: Plan): readonly string[] {
  return steps.filter((step) => step.direction === "down").map((step) => step.revision);
}
