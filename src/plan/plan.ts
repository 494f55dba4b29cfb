import type { Direction } from "../problem.ts";
import type { ParsedScript } from "../script/parse-script.ts";

/** What brings one schema from its ledger to the target. A value: it is shown, written as SQL and run as it stands. */
export interface Plan {
  readonly schema: string;
  /** False where the schema does not exist yet; something else has to create it before the plan runs. */
  readonly schemaExists: boolean;
  /** True where the first step creates the ledger's tables. */
  readonly createsLedger: boolean;
  /** Revision id or `base`. */
  readonly from: string;
  /** Where the downs end and the ups begin. */
  readonly kept: string;
  readonly to: string;
  /** Downs first, last applied first; then ups in order. */
  readonly steps: readonly Step[];
  /** What the folder has beyond `to`, where a pin holds the schema back. */
  readonly pending: readonly string[];
}

/** One script to run, and the ledger row that it adds or removes. */
export interface Step {
  readonly direction: Direction;
  readonly revision: string;
  readonly script: ParsedScript;
  /** Where the script's text comes from; a baseline is recorded without running anything. */
  readonly source: "folder" | "ledger" | "baseline";
  /** True where a script outside a transaction was interrupted and all it does can be done again. */
  readonly resumes: boolean;
  /** Of the revision's ledger row. */
  readonly position: number;
  readonly checksum: string;
  /** The down script to record with an up. */
  readonly down: string | undefined;
  readonly transaction: boolean;
}

/** `upgrade`, `downgrade`, `none`; a plan with both (a file below the pin was missing) is a downgrade, the graver. */
export function planDirection(plan: Plan): "none" | "upgrade" | "downgrade" {
  if (plan.steps.length === 0) return "none";
  return plan.steps.some((step) => step.direction === "down") ? "downgrade" : "upgrade";
}
