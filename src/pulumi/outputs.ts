import type { SchemaResult } from "../fleet/run-schema.ts";
import { compareIds, type History } from "../history/revision.ts";
import { isRelative, targetOf } from "../history/target.ts";
import type { Plan } from "../plan/plan.ts";
import { byRevision, type Inputs, type Outputs, takenSteps } from "./inputs.ts";

/**
 * The state after a run: what the results say, and for schemas that were not started what their plans were made from.
 *
 * @param plans of all schemas
 * @param results of those that were started
 */
export function outputs(
  inputs: Inputs,
  olds: Outputs | undefined,
  history: History,
  plans: readonly Plan[],
  results: readonly SchemaResult[],
): Outputs {
  const reached = new Map(results.map((result) => [result.schema, result.to]));
  const places = plans.map(({ schema, from }) => [schema, reached.get(schema) ?? from] as const);
  const current = byRevision(places);
  return {
    connection: inputs.connection,
    current,
    pending: pendingBeyond(history, Object.keys(current)),
    applied: appliedAnywhere(inputs, Object.keys(current)),
    steps: stepsTaken(inputs, olds, plans),
  };
}

function pendingBeyond(history: History, revisions: readonly string[]): Outputs["pending"] {
  const ids = history.map((revision) => revision.id);
  const beyond = revisions.map((revision) => [revision, ids.slice(ids.indexOf(revision) + 1)] as const);
  return Object.fromEntries(beyond.filter(([, pending]) => pending.length > 0));
}

function appliedAnywhere(inputs: Inputs, revisions: readonly string[]): Outputs["applied"] {
  const ids = Object.keys(inputs.revisions).sort(compareIds);
  const highest = Math.max(...revisions.map((revision) => ids.indexOf(revision)), -1);
  return ids.slice(0, highest + 1);
}

/** One that is away, excluded or not found, keeps its place while the target would be its own: back again, it shall not go on. */
function stepsTaken(inputs: Inputs, olds: Outputs | undefined, plans: readonly Plan[]): Outputs["steps"] {
  const taken = [...takenSteps(olds)].flatMap(([target, places]) =>
    [...places].filter(([schema]) => targetOf(inputs, schema) === target),
  );
  const places = new Map([...plans.map(({ schema, to }) => [schema, to] as const), ...taken]);
  const relative = [...places].filter(([schema]) => isRelative(targetOf(inputs, schema)));
  const targets = Map.groupBy(relative, ([schema]) => targetOf(inputs, schema));
  return Object.fromEntries([...targets].map(([target, group]) => [target, byRevision(group)]));
}

/** Names told of a revision. */
const MANY = 10;

/** Where the schemas are, for a stack's outputs: names by revision, of many their number. */
export function briefly(current: Readonly<Record<string, readonly string[]>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(current).map(([revision, schemas]) => [
      revision,
      schemas.length > MANY ? `${schemas.length} schemas` : schemas.join(", "),
    ]),
  );
}
