import type { History } from "../history/revision.ts";
import { type Problem, Refusal, refuseIfAny } from "../problem.ts";
import { parseScript } from "../script/parse-script.ts";
import { roleEscapes } from "../script/role-escape.ts";
import { baselineOf, type Goal, goalOf } from "./goal.ts";
import { currentRevision, highest } from "./ledger.ts";
import { baselineStep, downStep, snapshotStep, upStep } from "./make-step.ts";
import { obstacles } from "./obstacles.ts";
import type { Plan, Step } from "./plan.ts";
import type { PlanRequest } from "./plan-request.ts";
import { isUnused } from "./snapshot.ts";

/**
 * Plans one schema's way to the target. Pure: the same values give the same plan.
 *
 * @throws Refusal with everything that stands in the way, before anything runs
 */
export function makePlan(request: PlanRequest): Plan {
  const { ledger, history, allowOutOfOrder, acceptEdited = [] } = request;
  const ids = history.map((revision) => revision.id);
  const goal = goalOf(request, ids);
  const baseline = baselineOf(request, ids, goal);

  const keep = new Set(ids.slice(0, goal.position));
  const half = new Map(ledger.applied.flatMap((row) => (row.interrupted === "up" ? [[row.revision, row]] : [])));
  const kept = ledger.applied.filter((row) => keep.has(row.revision) && !half.has(row.revision));
  const leaving = ledger.applied.filter((row) => !keep.has(row.revision));
  const done = new Set(kept.map((row) => row.revision));
  const coming = history.filter((revision) => keep.has(revision.id) && !done.has(revision.id));
  refuseIfAny(obstacles({ ledger, history, goal, allowOutOfOrder, acceptEdited, kept, leaving, coming }));

  const snapshot = snapshotFor(request, goal);
  const unused = snapshot && isUnused(snapshot) ? snapshot : undefined;
  const replaced = snapshot && !isUnused(snapshot) ? ids.indexOf(snapshot.revision) + 1 : 0;
  const steps = collect([
    ...leaving.toReversed().map((row) => () => downStep(row, request)),
    ...(snapshot && !isUnused(snapshot) ? [() => snapshotStep(snapshot, history.slice(0, replaced))] : []),
    ...coming
      .slice(replaced)
      .map(
        (revision, index) => () =>
          index < baseline ? baselineStep(revision) : upStep(ledger.schema, revision, half.get(revision.id)),
      ),
  ]);
  const untold = request.baseline === undefined && baseline === 0;
  if (request.owner !== undefined) refuseIfAny(escapes(steps, coming));
  return {
    schema: ledger.schema,
    schemaExists: ledger.schemaExists,
    onNothing: !ledger.populated && ledger.applied.length === 0,
    unknownTables: ledger.populated && !ledger.used && untold && steps.length > 0,
    createsLedger: !ledger.exists && steps.length > 0,
    entries: ledger.entries,
    from: currentRevision(ledger),
    since: ledger.since,
    kept: highest(kept.map((row) => row.revision)),
    to: highest([...kept.map((row) => row.revision), ...coming.map((revision) => revision.id)]),
    steps,
    pending: ids.slice(goal.position),
    ...(unused && { unused }),
  };
}

/**
 * What was asked for to make a schema from, where it is one to be made: empty, never used, and on its way to the snapshot's
 * revision or beyond.
 */
function snapshotFor({ ledger, history, snapshot }: PlanRequest, goal: Goal): PlanRequest["snapshot"] {
  if (!snapshot || ledger.used || ledger.populated || ledger.applied.length > 0 || goal.position === 0)
    return undefined;
  if (isUnused(snapshot)) return snapshot;
  const position = history.findIndex((revision) => revision.id === snapshot.revision) + 1;
  return position > 0 && position <= goal.position ? snapshot : undefined;
}

/** Ways back are looked at now: one that is refused when it is needed is none. */
function escapes(steps: readonly Step[], coming: History): readonly Problem[] {
  const downs = coming.flatMap(({ down, transaction }) => (down ? [parseScript(down, transaction)] : []));
  return [...steps.map((step) => step.script), ...downs].flatMap(roleEscapes);
}

/** Makes all steps, so that all their problems are told together. */
function collect(makers: readonly (() => Step)[]): readonly Step[] {
  const problems: Problem[] = [];
  const steps = makers.flatMap((make) => {
    try {
      return [make()];
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  refuseIfAny(problems);
  return steps;
}
