import { BASE, compareIds } from "../history/revision.ts";
import type { Direction } from "../problem.ts";

/** What one schema's ledger says, in the order in which its revisions were applied. */
export interface Ledger {
  readonly schema: string;
  /** False where the schema itself does not exist yet. */
  readonly schemaExists: boolean;
  /** False where the ledger's tables do not exist yet: nothing was ever applied here. */
  readonly exists: boolean;
  readonly applied: readonly AppliedRevision[];
  /** True where the schema holds tables or other relations that are not ours. */
  readonly populated: boolean;
  /** True where a revision was ever applied or recorded here, also where all were taken back since. */
  readonly used: boolean;
  /** What Alembic's own table in this schema says, where it has one and nothing was applied by us. */
  readonly alembic?: string | undefined;
}

/** One row of a ledger. */
export interface AppliedRevision {
  /** From 1, in the order of applying. */
  readonly position: number;
  readonly revision: string;
  readonly checksum: string;
  /** The down script as it was when the revision was applied, so that a rollback needs no file. */
  readonly down: string | undefined;
  /** False where the revision asked to run outside a transaction. */
  readonly transaction: boolean;
  /** Set where a script outside a transaction began and never finished. */
  readonly interrupted: Direction | undefined;
}

/** The revision a schema is at: the highest one applied, also where a lower one was added after it; or `base`. */
export function currentRevision(ledger: Ledger): string {
  return highest(ledger.applied.filter((row) => row.interrupted !== "up").map((row) => row.revision));
}

/** The highest of some revisions, or `base`. */
export function highest(revisions: readonly string[]): string {
  return revisions.toSorted(compareIds).at(-1) ?? BASE;
}
