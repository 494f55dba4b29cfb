import type { Plan, Step } from "./plan.ts";

/** The plans that hold steps, in groups that run the same SQL from the same revision: told once, whatever their number. */
export function waysOf(plans: readonly Plan[]): readonly (readonly Plan[])[] {
  const numbers = new Map<string, number>();
  // Map compares texts by their hash, and a number is short in a key.
  const numberOf = (text: string): number => {
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return number;
  };
  const keyOf = ({ direction, revision, source, resumes, script }: Step) =>
    [direction, revision, source, resumes, numberOf(script.sql)] as const;
  // Plans that were made together share their steps, which are looked at once.
  const known = new Map<Plan["steps"], number>();
  const numberOfSteps = (steps: Plan["steps"]): number => {
    const number = known.get(steps) ?? numberOf(JSON.stringify(steps.map(keyOf)));
    known.set(steps, number);
    return number;
  };
  const moving = plans.filter((plan) => plan.steps.length > 0);
  const ways = Map.groupBy(moving, ({ from, to, schemaExists, unknownTables, createsLedger, steps }) =>
    JSON.stringify([from, to, schemaExists, unknownTables, createsLedger, numberOfSteps(steps)]),
  );
  return [...ways.values()];
}
