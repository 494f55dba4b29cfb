import type { SchemaResult } from "../fleet/run-fleet.ts";
import { compareIds, type History } from "../history/revision.ts";
import { isRelative, targetOf } from "../history/target.ts";
import type { Inputs, Outputs } from "./inputs.ts";

/** The state after a run: what the results say, and for schemas that were not started what was known before. */
export function outputs(
  inputs: Inputs,
  olds: Outputs | undefined,
  history: History,
  results: readonly SchemaResult[],
  places: ReadonlyMap<string, string>,
): Outputs {
  const ids = Object.keys(inputs.revisions).sort(compareIds);
  const bySchema = new Map(results.map((result) => [result.schema, result]));
  const current = Object.fromEntries(
    inputs.schemas.map((schema) => [schema, bySchema.get(schema)?.to ?? olds?.current[schema] ?? "base"]),
  );
  const all = history.map((revision) => revision.id);
  const pending = inputs.schemas.flatMap((schema) => {
    const beyond = all.slice(all.indexOf(current[schema] ?? "") + 1);
    return beyond.length > 0 ? [[schema, beyond] as const] : [];
  });
  const highest = Math.max(...Object.values(current).map((revision) => ids.indexOf(revision)));
  const steps = inputs.schemas.flatMap((schema) => {
    const target = targetOf(inputs, schema);
    const taken = olds?.steps[schema];
    if (!isRelative(target)) return [];
    if (taken?.target === target) return [[schema, taken] as const];
    const revision = places.get(schema);
    return revision === undefined ? [] : [[schema, { target, revision }] as const];
  });
  return {
    connection: inputs.connection,
    current,
    pending: Object.fromEntries(pending),
    applied: ids.slice(0, highest + 1),
    steps: Object.fromEntries(steps),
  };
}
