import { compareIds } from "../history/revision.ts";
import type { Plan, Step } from "../plan/plan.ts";
import type { Problem } from "../problem.ts";
import type { SchemaResult } from "./run-schema.ts";

/**
 * A run's results, in which failures of an up say which schemas have its revision already: its script cannot be mended as if it had
 * run nowhere.
 *
 * @param plans of all schemas
 * @param accepted revisions that may be edited where they are applied
 */
export function withOthers(
  results: readonly SchemaResult[],
  plans: readonly Plan[],
  accepted: readonly string[],
): readonly SchemaResult[] {
  const reached = new Map(results.map((result) => [result.schema, result]));
  const known = new Map<string, readonly string[]>();
  const haveIt = (revision: string) => {
    const schemas =
      known.get(revision) ??
      plans.filter((plan) => hasIt(plan, reached.get(plan.schema), revision)).map(({ schema }) => schema);
    known.set(revision, schemas);
    return schemas;
  };
  const told = (problem: Problem): Problem => {
    if (problem.code !== "step-failed" || problem.direction === "down") return problem;
    const others = haveIt(problem.revision);
    if (others.length === 0) return problem;
    return { ...problem, others, ...(!accepted.includes(problem.revision) && { accepted: accepted.length }) };
  };
  return results.map((result) => ({ ...result, problems: result.problems.map(told) }));
}

function hasIt({ from, steps }: Plan, result: SchemaResult | undefined, revision: string): boolean {
  const done = new Set(result?.steps.map((step) => step.revision));
  const isLeft = steps.some((step) => step.direction === "up" && !done.has(step.revision) && makes(step, revision));
  return !isLeft && compareIds(revision, result?.to ?? from) <= 0;
}

function makes(step: Step, revision: string): boolean {
  return step.snapshot ? step.snapshot.rows.some((row) => row.revision === revision) : step.revision === revision;
}
