import { BASE } from "../history/revision.ts";
import { idAt, resolveTarget } from "../history/target.ts";
import { Refusal } from "../problem.ts";
import { currentRevision } from "./ledger.ts";
import type { PlanRequest } from "./plan-request.ts";

/** Where a schema is to go, as a position in the history: that many revisions are applied there. */
export interface Goal {
  readonly position: number;
  /** True where the user named the place, so that going down to it is meant. */
  readonly explicit: boolean;
}

/** @throws Refusal unknown-target, ambiguous-target, or a step that leads out of the history */
export function goalOf({ ledger, target }: PlanRequest, ids: readonly string[]): Goal {
  const resolved = resolveTarget(ids, target);
  if (resolved.kind === "position") return resolved;
  const { schema } = ledger;
  const current = currentRevision(ledger);
  const from = ids.indexOf(current) + 1;
  if (from === 0 && current !== BASE) {
    throw new Refusal([{ code: "not-in-folder", schema, revisions: [current], head: ids.at(-1) ?? "none" }]);
  }
  const position = from + resolved.steps;
  if (position < 0 || position > ids.length) {
    const available = resolved.steps < 0 ? from : ids.length - from;
    throw new Refusal([{ code: "step-out-of-range", schema, target, current, available }]);
  }
  return { position, explicit: true };
}

/**
 * Up to where an empty ledger takes over what is there already, without running it: the configured baseline, or what
 * Alembic's own table says. 0 where nothing is taken over.
 *
 * @throws Refusal alembic-found where Alembic was here and the config does not say what to do
 */
export function baselineOf(request: PlanRequest, ids: readonly string[], goal: Goal): number {
  const { ledger, baseline, adopt, target } = request;
  const { schema, alembic } = ledger;
  if (ledger.applied.length > 0) return 0;
  if (baseline === undefined && alembic === undefined) return 0;
  if (baseline === undefined && adopt === undefined && alembic !== undefined) {
    const revision = revisionOf(ids, alembic);
    throw new Refusal([{ code: "alembic-found", schema, version: alembic, revision }]);
  }
  const text = baseline ?? alembic ?? BASE;
  const resolved = resolveTarget(ids, text);
  if (resolved.kind === "relative") {
    throw new Refusal([{ code: "unknown-target", target: text, near: [], head: ids.at(-1) ?? BASE }]);
  }
  if (resolved.position > goal.position) {
    throw new Refusal([{ code: "below-baseline", schema, target, baseline: idAt(ids, resolved.position) }]);
  }
  return resolved.position;
}

function revisionOf(ids: readonly string[], text: string): string | undefined {
  try {
    const resolved = resolveTarget(ids, text);
    return resolved.kind === "position" ? idAt(ids, resolved.position) : undefined;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
