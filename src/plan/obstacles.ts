import { compareIds, type History } from "../history/revision.ts";
import { idAt } from "../history/target.ts";
import type { Problem } from "../problem.ts";
import type { Goal } from "./goal.ts";
import type { AppliedRevision, Ledger } from "./ledger.ts";

/** A ledger, held against the folder and the goal. */
export interface Situation {
  readonly ledger: Ledger;
  readonly history: History;
  readonly goal: Goal;
  readonly allowOutOfOrder: boolean;
  readonly acceptEdited: readonly string[];
  /** Rows that stay. */
  readonly kept: readonly AppliedRevision[];
  /** Rows that go, in the order in which they came. */
  readonly leaving: readonly AppliedRevision[];
  /** Revisions to run, in order; among them one whose script outside a transaction was interrupted. */
  readonly coming: History;
}

/** Everything between a ledger and its goal that a person has to decide, except what single scripts hold. */
export function obstacles(situation: Situation): readonly Problem[] {
  return [
    ...altered(situation),
    ...turnedInterruptions(situation),
    ...edits(situation),
    ...unknowns(situation),
    ...outOfOrder(situation),
  ];
}

function altered({ ledger: { altered, schema } }: Situation): readonly Problem[] {
  return altered ? [{ code: "ledger-altered", schema }] : [];
}

/** An interrupted script is finished on the way it was going; a plan that turns around cannot know what it left. */
function turnedInterruptions({ ledger, kept, leaving }: Situation): readonly Problem[] {
  const turned = [
    ...kept.filter((row) => row.interrupted === "down"),
    ...leaving.filter((row) => row.interrupted === "up"),
  ];
  return turned.flatMap(({ revision, interrupted }) =>
    interrupted ? [{ code: "interrupted", schema: ledger.schema, revision, direction: interrupted }] : [],
  );
}

/** Only what stays applied must be unedited: to roll back, edit and go forward again is how a revision is mended. */
function edits({ ledger, kept, history, acceptEdited }: Situation): readonly Problem[] {
  const checksums = new Map(history.map((revision) => [revision.id, revision.checksum]));
  const accepted = acceptEdited.length;
  return kept.flatMap(({ revision, checksum: was }) => {
    const is = checksums.get(revision);
    if (is === undefined || is === was || acceptEdited.includes(revision)) return [];
    return [{ code: "edited", schema: ledger.schema, revision, was, is, accepted }];
  });
}

/**
 * A revision that only the ledger knows may leave when the target names a place below it: its down is in the ledger.
 * Where the target is head, or a place above it, the folder is older than the schema or lost a file.
 */
function unknowns({ ledger, history, goal, leaving }: Situation): readonly Problem[] {
  const ids = history.map((revision) => revision.id);
  const known = new Set(ids);
  const place = idAt(ids, goal.position);
  const revisions = leaving
    .map((row) => row.revision)
    .filter((id) => !known.has(id) && !(goal.explicit && (goal.position === 0 || compareIds(id, place) > 0)));
  if (revisions.length === 0) return [];
  return [{ code: "not-in-folder", schema: ledger.schema, revisions, head: ids.at(-1) ?? "none" }];
}

function outOfOrder({ ledger, history, allowOutOfOrder, kept, coming }: Situation): readonly Problem[] {
  const ids = history.map((revision) => revision.id);
  const highest = Math.max(-1, ...kept.map((row) => ids.indexOf(row.revision)));
  const revisions = coming.map((revision) => revision.id).filter((id) => ids.indexOf(id) < highest);
  if (allowOutOfOrder || revisions.length === 0) return [];
  return [{ code: "out-of-order", schema: ledger.schema, revisions, head: ids[highest] ?? "" }];
}
