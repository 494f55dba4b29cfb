import { BASE, parseStem } from "../history/revision.ts";
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
 * Up to where a schema without a ledger takes over what it holds already, without running it: the configured baseline, or what
 * Alembic's own table says. 0 where nothing is taken over.
 *
 * @throws Refusal alembic-found where Alembic was here and the config does not say what to do
 */
export function baselineOf(request: PlanRequest, ids: readonly string[], goal: Goal): number {
  const { ledger, target } = request;
  const { schema } = ledger;
  // What was emptied had its history, and an empty schema has nothing to take over: both run every script.
  if (ledger.used || !ledger.populated) return 0;
  const position = takenOver(request, ids);
  if (position > goal.position) {
    throw new Refusal([{ code: "below-baseline", schema, target, baseline: idAt(ids, position) }]);
  }
  return position;
}

function takenOver({ ledger, baseline, adopt }: PlanRequest, ids: readonly string[]): number {
  const { schema, alembic } = ledger;
  if (baseline !== undefined) {
    const resolved = resolveTarget(ids, baseline);
    if (resolved.kind === "position") return resolved.position;
    throw new Refusal([{ code: "unknown-baseline", schema, baseline, from: "config" }]);
  }
  if (alembic === undefined) return 0;
  const position = namedBy(ids, alembic);
  if (adopt === undefined) {
    const revision = position === undefined ? undefined : idAt(ids, position);
    throw new Refusal([{ code: "alembic-found", schema, version: alembic, revision }]);
  }
  if (position === undefined)
    throw new Refusal([{ code: "unknown-baseline", schema, baseline: alembic, from: "alembic" }]);
  return position;
}

/** The revision whose name begins with Alembic's id, whole before a part of one. Never by number: an id may be digits. */
function namedBy(ids: readonly string[], version: string): number | undefined {
  const names = ids.map((id) => parseStem(id)?.name ?? "");
  const whole = names.flatMap((name, index) => (name === version || name.startsWith(`${version}_`) ? [index + 1] : []));
  const begun = names.flatMap((name, index) => (name.startsWith(version) ? [index + 1] : []));
  const [only, ...others] = whole.length > 0 ? whole : begun;
  return others.length === 0 ? only : undefined;
}
