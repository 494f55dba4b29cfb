import { BASE, compareIds } from "../history/revision.ts";
import type { Direction } from "../problem.ts";

/** What one schema's ledger says, in the order in which its revisions were applied. */
export interface Ledger {
  readonly schema: string;
  /** False where the schema itself does not exist yet. */
  readonly schemaExists: boolean;
  /** False where the ledger does not exist yet: nothing was ever applied here. */
  readonly exists: boolean;
  readonly applied: readonly AppliedRevision[];
  /** True where the schema holds tables or other relations that are not ours; not asked, but said, where revisions are applied. */
  readonly populated: boolean;
  /** True where a revision was ever applied or recorded here, also where all were taken back since. */
  readonly used: boolean;
  /** How many entries it has, those of failures among them; they are numbered from 1. */
  readonly entries: number;
  /** True where entries have no number, or two the same: somebody wrote them by hand, and their order is not known. */
  readonly altered: boolean;
  /** When it last changed, failures not counted. */
  readonly since?: Date | undefined;
  /** What Alembic's own table in this schema says, where it has one and nothing was applied by us. */
  readonly alembic?: string | undefined;
}

/** What a ledger says of a revision that is applied. */
export interface AppliedRevision {
  readonly revision: string;
  readonly checksum: string;
  /** The down script as it was when the revision was applied, so that a rollback needs no file. */
  readonly down: string | undefined;
  /** False where the revision asked to run outside a transaction. */
  readonly transaction: boolean;
  /** Set where a script outside a transaction began and never finished. */
  readonly interrupted: Direction | undefined;
}

/** What an entry says of its step. `recorded` is a baseline, `snapshot` what one made with others. */
export type Outcome = "started" | "done" | "failed" | "recorded" | "snapshot";

/** One entry of a ledger: what happened to a revision. The last three are known of ups. */
export interface Entry {
  readonly revision: string;
  readonly direction: Direction;
  /** `started` is written of scripts outside a transaction only; of others, only their end. */
  readonly outcome: Outcome;
  readonly checksum: string | null;
  readonly down: string | null;
  readonly in_transaction: boolean | null;
}

/** What is applied once all entries of a ledger happened, in the order of applying. */
export function replay(entries: readonly Entry[]): readonly AppliedRevision[] {
  const applied = new Map<string, AppliedRevision>();
  for (const { revision, direction, outcome, checksum, down, in_transaction } of entries) {
    const isStarted = outcome === "started";
    const row = applied.get(revision);
    if (outcome === "failed") continue;
    if (direction === "up") {
      const interrupted = isStarted ? direction : undefined;
      // One that is begun again keeps its place.
      applied.set(revision, {
        revision,
        checksum: checksum ?? "",
        down: down ?? undefined,
        transaction: in_transaction ?? true,
        interrupted,
      });
    } else if (!isStarted) applied.delete(revision);
    else if (row) applied.set(revision, { ...row, interrupted: direction });
  }
  return [...applied.values()];
}

/** The revision a schema is at: the highest one applied, also where a lower one was added after it; or `base`. */
export function currentRevision(ledger: Ledger): string {
  return highest(ledger.applied.filter((row) => row.interrupted !== "up").map((row) => row.revision));
}

/** The highest of some revisions, or `base`. */
export function highest(revisions: readonly string[]): string {
  return revisions.toSorted(compareIds).at(-1) ?? BASE;
}
