import type { History } from "../history/revision.ts";
import type { Ledger } from "./ledger.ts";
import type { Snapshot, SnapshotUnused } from "./snapshot.ts";

/** What one schema's plan is made of. */
export interface PlanRequest {
  readonly ledger: Ledger;
  readonly history: History;
  /** As the user wrote it; see resolveTarget. */
  readonly target: string;
  /** Run revisions that are ordered below one that is already applied, instead of refusing them. */
  readonly allowOutOfOrder: boolean;
  /** Ids of revisions whose up script may have been edited where they are applied; nothing runs there. */
  readonly acceptEdited?: readonly string[] | undefined;
  /** Which down script to run where the folder's and the ledger's differ; undefined refuses. */
  readonly downFrom?: "folder" | "ledger" | undefined;
  /** A target up to which an empty ledger records what is there already, without running it. */
  readonly baseline?: string | undefined;
  /** The role that steps run as, where not as who signs in: scripts that would leave it are refused. */
  readonly owner?: string | undefined;
  /** Whose ledger an empty one takes over. */
  readonly adopt?: "alembic" | undefined;
  /** What an empty schema may be made from, up to the snapshot's revision; or why it may not, though it was asked for. */
  readonly snapshot?: Snapshot | SnapshotUnused | undefined;
}
