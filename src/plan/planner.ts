import type { Ledger } from "./ledger.ts";
import { makePlan } from "./make-plan.ts";
import type { Plan } from "./plan.ts";
import type { PlanRequest } from "./plan-request.ts";

/**
 * Plans schema after schema. Those that are alike but for their names, as most of a fleet are, share one plan's steps:
 * `makePlan` runs once for them.
 */
export function planner(): (request: PlanRequest) => Plan {
  const made = new Map<string, Made[]>();
  const keys = new WeakMap<Ledger["applied"], string>();
  const keyOf = (applied: Ledger["applied"]) => {
    const key = keys.get(applied) ?? JSON.stringify(applied);
    keys.set(applied, key);
    return key;
  };
  return (request) => {
    const key = keyOf(request.ledger.applied);
    const sameRows = made.get(key) ?? [];
    const known = sameRows.find((other) => areAlike(other.request, request));
    const { schema, entries, since } = request.ledger;
    if (known) return { ...known.plan, schema, entries, since };
    const plan = makePlan(request);
    made.set(key, [...sameRows, { request, plan }]);
    return plan;
  };
}

interface Made {
  readonly request: PlanRequest;
  readonly plan: Plan;
}

/**
 * True where two requests with the same rows differ only in the schema's name, and in when and by how many entries the rows came to
 * be. The history is the same where it is one array.
 */
function areAlike({ ledger: one, ...wish }: PlanRequest, { ledger: other, ...otherWish }: PlanRequest): boolean {
  const { schema, applied, entries, since } = other;
  return (
    haveSameValues({ ...one, schema, applied, entries, since }, { ...other, since }) && haveSameValues(wish, otherWish)
  );
}

function haveSameValues(one: object, other: object): boolean {
  const others = new Map<string, unknown>(Object.entries(other));
  return (
    Object.keys(one).length === others.size &&
    Object.entries(one).every(([key, value]) => others.has(key) && Object.is(others.get(key), value))
  );
}
