import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SNAPSHOT } from "../history/read-history.ts";
import { type History, normalise } from "../history/revision.ts";
import { hashOf, type Snapshot, type SnapshotUnused } from "../plan/snapshot.ts";

/** Where a migrations folder keeps its snapshot. */
export function snapshotFile(folder: string): string {
  return join(folder, SNAPSHOT);
}

/**
 * Reads a folder's snapshot, and whether it is one of this history: no revision up to it was edited, added, or taken away since.
 *
 * @returns why it cannot be used, where it cannot
 */
export function readSnapshot(folder: string, history: History): Snapshot | SnapshotUnused {
  const file = snapshotFile(folder);
  if (!existsSync(file)) return { code: "snapshot-unused", file, why: "missing" };
  const sql = normalise(readFileSync(file, "utf8"));
  const heading =
    /^-- revision: (.+)\n-- revisions: ([0-9a-f]{64})\n-- server: (\d+)\n-- fingerprint: ([0-9a-f]{64})$/m;
  const [, revision, revisions, server, fingerprint] = heading.exec(sql) ?? [];
  if (revision === undefined || fingerprint === undefined) return { code: "snapshot-unused", file, why: "unreadable" };
  const position = history.findIndex(({ id }) => id === revision) + 1;
  if (hashOf(history.slice(0, position)) !== revisions) {
    return { code: "snapshot-unused", file, why: "stale", revision };
  }
  return { revision, script: { file, sql }, fingerprint, server: Number(server) };
}

/** Writes a folder's snapshot. Its heading says what it was proven equal to; the rest is SQL for the migrated schema. */
export function writeSnapshot(
  folder: string,
  revisions: History,
  snapshot: Omit<Snapshot, "script">,
  sql: string,
): string {
  const file = snapshotFile(folder);
  const heading = [
    "-- The structure that the scripts in this folder make, up to a revision: written and proven by `npm run snapshot`.",
    "-- To be committed, not edited: a schema made from it is compared with the fingerprint before anything is committed.",
    `-- revision: ${snapshot.revision}`,
    `-- revisions: ${hashOf(revisions)}`,
    `-- server: ${snapshot.server}`,
    `-- fingerprint: ${snapshot.fingerprint}`,
  ];
  writeFileSync(file, `${heading.join("\n")}\n\n${sql}`);
  return file;
}
