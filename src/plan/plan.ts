import type { Direction } from "../problem.ts";
import type { ParsedScript } from "../script/parse-script.ts";
import type { SnapshotUnused } from "./snapshot.ts";

/** What brings one schema from its ledger to the target. A value: it is shown, written as SQL and run as it stands. */
export interface Plan {
  readonly schema: string;
  /** False where the schema does not exist yet; something else has to create it before the plan runs. */
  readonly schemaExists: boolean;
  /** True where the schema holds nothing yet. */
  readonly onNothing: boolean;
  /** True where the schema holds tables that no ledger knows, and nobody has said up to where they are the history's. */
  readonly unknownTables: boolean;
  /** True where the first step creates the ledger. */
  readonly createsLedger: boolean;
  /** How many entries the ledger has that the plan was made from. */
  readonly entries: number;
  /** Revision id or `base`. */
  readonly from: string;
  /** When something last changed there, as the ledger says it. */
  readonly since?: Date | undefined;
  /** Where the downs end and the ups begin. */
  readonly kept: string;
  readonly to: string;
  /** Downs first, last applied first; then ups in order. */
  readonly steps: readonly Step[];
  /** What the folder has beyond `to`, where a pin holds the schema back. */
  readonly pending: readonly string[];
  /** Why the revisions are replayed although a snapshot was asked for. */
  readonly unused?: SnapshotUnused;
}

/** One script to run, and what the ledger is to say of it. */
export interface Step {
  readonly direction: Direction;
  readonly revision: string;
  readonly script: ParsedScript;
  /** Where the script's text comes from; a baseline is recorded without running anything, a snapshot stands for many. */
  readonly source: "folder" | "ledger" | "baseline" | "snapshot";
  /** True where a script outside a transaction was interrupted and all it does can be done again. */
  readonly resumes: boolean;
  readonly checksum: string;
  /** Of an up that runs: why there is no way back from it, where there is none. */
  readonly noWayBack?: string;
  /** The down script to record with an up. */
  readonly down: string | undefined;
  readonly transaction: boolean;
  /** What a snapshot stands for; `revision` is the last of it. */
  readonly snapshot?: Replaced;
}

/** What a snapshot does in one step. */
export interface Replaced {
  /** What the structure's has to be when the script has run. */
  readonly fingerprint: string;
  readonly scope: FingerprintScope;
  /** What the ledger is to say of the revisions, in their order. */
  readonly rows: readonly RecordedRevision[];
}

/** What the ledger says of a revision. */
export type RecordedRevision = Pick<Step, "revision" | "checksum" | "down" | "transaction">;

/** What counts as a schema's structure. */
export interface FingerprintScope {
  /**
   * True where the schema's default privileges do: its history sets some, or takes privileges away, which leads elsewhere where
   * others are in force.
   */
  readonly defaultPrivileges: boolean;
}

/** True where a step runs a script of the history. */
export function runsScript({ source }: Step): boolean {
  return source === "folder" || source === "ledger";
}

/** The scripts of the history that the plans run, each once. Plans that go the same way share their steps, which are looked at once. */
export function scriptsThatRun(plans: readonly Plan[]): readonly ParsedScript[] {
  const ways = [...new Set(plans.map(({ steps }) => steps))];
  return [...new Set(ways.flatMap((steps) => steps.filter(runsScript).map(({ script }) => script)))];
}

/** The revision that a step is of; of a snapshot, all that it stands for. */
export function stepName({ revision, snapshot }: Step): string {
  return snapshot ? `${snapshot.rows[0]?.revision} … ${revision} from the snapshot` : revision;
}

/** `upgrade`, `downgrade`, `none`; a plan with both (a file below the pin was missing) is a downgrade, the graver. */
export function planDirection(plan: Plan): "none" | "upgrade" | "downgrade" {
  if (plan.steps.length === 0) return "none";
  return plan.steps.some((step) => step.direction === "down") ? "downgrade" : "upgrade";
}
