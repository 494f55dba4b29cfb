import { BASE, compareIds, type History, type Revision } from "../history/revision.ts";
import { idAt, resolveTarget } from "../history/target.ts";
import { type Problem, Refusal, refuseIfAny } from "../problem.ts";
import { type ParsedScript, parseScript } from "../script/parse-script.ts";
import { type AppliedRevision, currentRevision, highest, type Ledger } from "./ledger.ts";
import type { Plan, Step } from "./plan.ts";

export interface PlanRequest {
  readonly ledger: Ledger;
  readonly history: History;
  /** As the user wrote it; see resolveTarget. */
  readonly target: string;
  /** Run revisions that are ordered below one that is already applied, instead of refusing them. */
  readonly allowOutOfOrder: boolean;
  /** Which down script to run where the folder's and the ledger's differ; undefined refuses. */
  readonly downFrom?: "folder" | "ledger" | undefined;
}

/**
 * Plans one schema's way to the target. Pure: the same values give the same plan.
 *
 * @throws Refusal with everything that stands in the way, before anything runs
 */
export function makePlan(request: PlanRequest): Plan {
  const { ledger, history } = request;
  const ids = history.map((revision) => revision.id);
  const goal = goalOf(request, ids);
  const keep = new Set(ids.slice(0, goal.position));
  const kept = ledger.applied.filter((row) => keep.has(row.revision));
  const leaving = ledger.applied.filter((row) => !keep.has(row.revision));
  const applied = new Set(ledger.applied.map((row) => row.revision));
  const coming = history.filter((revision) => keep.has(revision.id) && !applied.has(revision.id));

  refuseIfAny([
    ...interruptions(ledger),
    ...edits(ledger.schema, kept, history),
    ...unknowns(ledger.schema, leaving, goal, ids),
    ...outOfOrder(request, kept, coming, ids),
  ]);

  const first = Math.max(0, ...kept.map((row) => row.position)) + 1;
  const steps = collect([
    ...leaving.toReversed().map((row) => () => downStep(row, request)),
    ...coming.map((revision, index) => () => upStep(revision, first + index)),
  ]);
  return {
    schema: ledger.schema,
    schemaExists: ledger.schemaExists,
    createsLedger: !ledger.exists && steps.length > 0,
    from: currentRevision(ledger),
    kept: highest(kept.map((row) => row.revision)),
    to: highest([...kept.map((row) => row.revision), ...coming.map((revision) => revision.id)]),
    steps,
    pending: ids.slice(goal.position),
  };
}

interface Goal {
  readonly position: number;
  readonly explicit: boolean;
}

function goalOf({ ledger, target }: PlanRequest, ids: readonly string[]): Goal {
  const resolved = resolveTarget(ids, target);
  if (resolved.kind === "position") return resolved;
  const current = currentRevision(ledger);
  const from = ids.indexOf(current) + 1;
  if (from === 0 && current !== BASE) {
    throw new Refusal([
      { code: "not-in-folder", schema: ledger.schema, revisions: [current], head: ids.at(-1) ?? "none" },
    ]);
  }
  const position = from + resolved.steps;
  if (position < 0 || position > ids.length) {
    const available = resolved.steps < 0 ? from : ids.length - from;
    throw new Refusal([{ code: "step-out-of-range", schema: ledger.schema, target, current, available }]);
  }
  return { position, explicit: true };
}

function interruptions({ schema, applied }: Ledger): readonly Problem[] {
  return applied.flatMap(({ revision, interrupted }) =>
    interrupted ? [{ code: "interrupted", schema, revision, direction: interrupted }] : [],
  );
}

/** Only what stays applied must be unedited: to roll back, edit and go forward again is how a revision is mended. */
function edits(schema: string, kept: readonly AppliedRevision[], history: History): readonly Problem[] {
  const checksums = new Map(history.map((revision) => [revision.id, revision.checksum]));
  return kept.flatMap(({ revision, checksum: was }) => {
    const is = checksums.get(revision);
    return is !== undefined && is !== was ? [{ code: "edited", schema, revision, was, is }] : [];
  });
}

/**
 * A revision that only the ledger knows may leave when the target names a place below it: its down is in the ledger.
 * Where the target is head, or a place above it, the folder is older than the schema or lost a file.
 */
function unknowns(
  schema: string,
  leaving: readonly AppliedRevision[],
  goal: Goal,
  ids: readonly string[],
): readonly Problem[] {
  const known = new Set(ids);
  const place = idAt(ids, goal.position);
  const revisions = leaving
    .map((row) => row.revision)
    .filter((id) => !known.has(id) && !(goal.explicit && (goal.position === 0 || compareIds(id, place) > 0)));
  return revisions.length > 0 ? [{ code: "not-in-folder", schema, revisions, head: ids.at(-1) ?? "none" }] : [];
}

function outOfOrder(
  { ledger, allowOutOfOrder }: PlanRequest,
  kept: readonly AppliedRevision[],
  coming: History,
  ids: readonly string[],
): readonly Problem[] {
  const highest = Math.max(-1, ...kept.map((row) => ids.indexOf(row.revision)));
  const revisions = coming.map((revision) => revision.id).filter((id) => ids.indexOf(id) < highest);
  if (allowOutOfOrder || revisions.length === 0) return [];
  return [{ code: "out-of-order", schema: ledger.schema, revisions, head: ids[highest] ?? "" }];
}

function upStep(revision: Revision, position: number): Step {
  const { id, up, down, transaction, checksum } = revision;
  return {
    direction: "up",
    revision: id,
    script: up ? parseScript(up, transaction) : empty(`${id} (no up script)`),
    source: "folder",
    position,
    checksum,
    down: down?.sql,
    transaction,
  };
}

function downStep(row: AppliedRevision, request: PlanRequest): Step {
  const { ledger, history, downFrom } = request;
  const { schema } = ledger;
  const { revision, position, checksum, transaction } = row;
  const inFolder = history.find(({ id }) => id === revision)?.down;
  if (inFolder && row.down !== undefined && inFolder.sql !== row.down && !downFrom) {
    throw new Refusal([{ code: "down-differs", schema, revision, file: inFolder.file }]);
  }
  const useLedger = row.down !== undefined && (downFrom === "ledger" || inFolder?.sql === undefined);
  const script = useLedger ? { file: `${revision} (down script in the ledger)`, sql: row.down ?? "" } : inFolder;
  if (!script) throw new Refusal([{ code: "down-missing", schema, revision }]);
  return {
    direction: "down",
    revision,
    script: parseScript(script, transaction),
    source: useLedger ? "ledger" : "folder",
    position,
    checksum,
    down: row.down,
    transaction,
  };
}

function empty(file: string): ParsedScript {
  return { file, mode: "transaction", statements: [], sql: "" };
}

/** Makes all steps, so that all their problems are told together. */
function collect(makers: readonly (() => Step)[]): readonly Step[] {
  const found: Problem[] = [];
  const steps = makers.flatMap((make) => {
    try {
      return [make()];
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      found.push(...error.problems);
      return [];
    }
  });
  refuseIfAny(found);
  return steps;
}
