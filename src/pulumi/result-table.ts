import type { SchemaResult } from "../fleet/run-fleet.ts";
import { plainTable } from "../plain-table.ts";

/** Before and after of each schema that moved, and the time of each step. */
export function resultTable(results: readonly SchemaResult[]): string {
  const moved = results.filter((result) => result.steps.length > 0);
  const rows = moved.flatMap((result) => [
    [result.schema, result.from, result.to, time(result.steps.reduce((sum, step) => sum + step.durationMs, 0))],
    ...result.steps.map((step) => [
      "",
      "",
      `${step.direction === "up" ? "↑" : "↓"} ${step.revision}`,
      time(step.durationMs),
    ]),
  ]);
  return plainTable([["schema", "before", "after", "time"], ...rows]);
}

function time(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
