import type { SchemaResult } from "../fleet/run-schema.ts";
import { plainTable } from "../plain-table.ts";
import { count } from "../problem-text.ts";
import { fewSchemaNames } from "../schema-name.ts";

/** Before and after of the schemas that moved, and the time of each step; those that went the same way are one. */
export function resultTable(results: readonly SchemaResult[]): string {
  const moved = results.filter((result) => result.steps.length > 0);
  // A schema of its own is told with its times; only where they are many does the middle one have to do.
  const groups = moved.length > MANY ? [...Map.groupBy(moved, wayOf).values()] : moved.map((result) => [result]);
  const rows = groups.flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const whole = group.map(({ steps }) => steps.reduce((sum, step) => sum + step.durationMs, 0));
    return [
      [fewSchemaNames(group.map((result) => result.schema)), first.from, first.to, timeOf(whole)],
      ...first.steps.map((step, index) => [
        "",
        "",
        `${step.direction === "up" ? "↑" : "↓"} ${step.first === undefined ? step.revision : `${step.first} … ${step.revision} from the snapshot`}`,
        timeOf(group.flatMap(({ steps }) => steps[index]?.durationMs ?? [])),
      ]),
    ];
  });
  const table = plainTable([["schema", "before", "after", "time"], ...rows]);
  if (moved.length <= MANY) return table;
  // Pulumi shows a message's first line on the resource's own.
  const steps = moved.reduce((sum, result) => sum + result.steps.length, 0);
  return `${count(moved.length, "schema")} moved, ${count(steps, "step")}\n${table}`;
}

/** Schemas told each on their own. */
const MANY = 10;

function wayOf({ from, to, steps }: SchemaResult): string {
  return JSON.stringify([from, to, steps.map((step) => [step.direction, step.first, step.revision])]);
}

/** `22 ms`; of several the middle one and the longest. */
function timeOf(durations: readonly number[]): string {
  const sorted = durations.toSorted((a, b) => a - b);
  const [middle = 0, longest = 0] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  return sorted.length > 1 ? `${time(middle)}, at most ${time(longest)}` : time(middle);
}

function time(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
