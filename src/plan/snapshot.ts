import { createHash } from "node:crypto";
import type { History, Script } from "../history/revision.ts";
import type { Problem } from "../problem.ts";

/** The structure that a history makes up to one of its revisions, as a script of its own. */
export interface Snapshot {
  /** The last of the revisions that it stands for. */
  readonly revision: string;
  readonly script: Script;
  /** Of the schema that the revisions make, by the SQL in src/postgres/fingerprint.ts. */
  readonly fingerprint: string;
  /** PostgreSQL's major version on which it was proven; others print and store the same structure in other ways. */
  readonly server: number;
}

/** Why a snapshot that was asked for is not used. */
export type SnapshotUnused = Extract<Problem, { code: "snapshot-unused" }>;

/** True for a snapshot that was found to be of no use. */
export function isUnused(snapshot: Snapshot | SnapshotUnused): snapshot is SnapshotUnused {
  return "code" in snapshot;
}

/** Stands for the ids and checksums of some revisions, in their order. */
export function hashOf(revisions: History): string {
  const lines = revisions.map(({ id, checksum }) => `${checksum} ${id}\n`);
  return createHash("sha256").update(lines.join(""), "utf8").digest("hex");
}

/**
 * True where some script takes privileges away or sets default ones: then what others' default privileges there are counts,
 * since a REVOKE of what was not granted leaves no trace. By the word, also inside of a DO block.
 */
export function dependsOnDefaultPrivileges(revisions: History): boolean {
  return revisions.some(({ up }) => up !== undefined && /\b(revoke|default\s+privileges)\b/i.test(up.sql));
}
