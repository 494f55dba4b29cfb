import type { Plan } from "./plan.ts";

/** The plans that hold steps, in groups that take the same ones from the same revision: told once, whatever their number. */
export function waysOf(plans: readonly Plan[]): readonly (readonly Plan[])[] {
  const numbers = new Map<unknown, number>();
  // Map compares texts by their hash, and a number is short in a key.
  const numberOf = (script: unknown): number => {
    const number = numbers.get(script) ?? numbers.size;
    numbers.set(script, number);
    return number;
  };
  const moving = plans.filter((plan) => plan.steps.length > 0);
  const ways = Map.groupBy(moving, ({ from, to, schemaExists, unknownTables, steps }) =>
    JSON.stringify([
      from,
      to,
      schemaExists,
      unknownTables,
      steps.map((step) => [step.direction, step.revision, step.source, numberOf(step.script.sql)]),
    ]),
  );
  return [...ways.values()];
}
