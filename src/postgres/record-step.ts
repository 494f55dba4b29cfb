import type { Outcome } from "../plan/ledger.ts";
import type { RecordedRevision, Step } from "../plan/plan.ts";
import { ledgerTable } from "./ledger-table.ts";
import { quoteText } from "./session.ts";

/** Who runs, for the ledger. */
export interface Run {
  /** A UUID for one create or update of the resource. */
  readonly id: string;
  /** `user@machine` of the process. */
  readonly actor: string;
}

/**
 * The statement that enters a step that ran in this same transaction.
 *
 * @param outcome `recorded` for a baseline, which is taken over without running anything
 * @param place where the step shares a message
 */
export function recordStep(
  schema: string,
  step: Step,
  run: Run,
  outcome: "done" | "recorded",
  place: EntryPlace = ALONE,
): string {
  const took = place.follows ? SINCE_START : secondsSince("transaction_timestamp()");
  const entry = outcome === "done" ? { outcome, took } : { outcome };
  return `${insertEntry(schema, step, run, entry, place.entry)}\nRETURNING duration_ms`;
}

/** Where an entry comes in a message. */
export interface EntryPlace {
  /** True behind another step: its transaction then begins with {@link NOTE_START}. */
  readonly follows: boolean;
  /** Its number, where the one before is known: the server need not look for it. */
  readonly entry?: number | undefined;
}

const ALONE: EntryPlace = { follows: false };

/** For its transaction alone: when a step behind another one began. All transactions of a message say that they began with it. */
export const NOTE_START =
  "SELECT pg_catalog.set_config('schema_migrations.started', extract(epoch FROM clock_timestamp())::text, true)";

/** A script may have reset it: then it is not known. */
const SINCE_START =
  "extract(epoch FROM clock_timestamp()) - nullif(current_setting('schema_migrations.started', true), '')::numeric";

/** The row that {@link recordStep} returns. */
export interface Entered {
  /** By the server's clock, up to this statement. */
  readonly duration_ms: number;
}

/** The statement that enters all that a snapshot stands for, an entry for each revision. */
export function recordSnapshot(schema: string, rows: readonly RecordedRevision[], run: Run): string {
  const values = rows.map(
    ({ revision, checksum, down, transaction }, index) =>
      `(${index + 1}, ${quoteText(revision)}, ${quoteText(checksum)}, ${transaction}, ${quoteText(down)})`,
  );
  return (
    `INSERT INTO ${ledgerTable(schema)} (entry, at, revision, direction, outcome, actor, db_user, run, checksum, in_transaction, down)\n` +
    `SELECT last + place, clock_timestamp(), revision, 'up', 'snapshot', ${quoteText(run.actor)}, session_user, '${run.id}', checksum, in_transaction, down\n` +
    `  FROM (SELECT coalesce(max(entry), 0) AS last FROM ${ledgerTable(schema)}) l,\n` +
    `       (VALUES ${values.join(",\n       ")}) AS r (place, revision, checksum, in_transaction, down)`
  );
}

/** For a script outside a transaction: the statement that says it has begun, before it does. */
export function recordStart(schema: string, step: Step, run: Run): string {
  return insertEntry(schema, step, run, { outcome: "started" });
}

/** For a script outside a transaction: the statement that says it has finished. Its duration counts from the entry before, its "started". */
export function recordFinish(schema: string, step: Step, run: Run): string {
  return insertEntry(schema, step, run, { outcome: "done", took: secondsSince("max(at)") });
}

/** The statement that enters a step's failure. */
export function recordFailure(schema: string, step: Step, run: Run, error: string): string {
  return insertEntry(schema, step, run, { outcome: "failed", error });
}

interface NewEntry {
  readonly outcome: Outcome;
  /** The seconds it took, as SQL; of what ran. */
  readonly took?: string;
  readonly error?: string;
}

function secondsSince(moment: string): string {
  return `extract(epoch FROM clock_timestamp() - ${moment})`;
}

/** Entries are numbered: a clock may be set back. To look for the last number takes longer than all the rest of the statement. */
function insertEntry(
  schema: string,
  { revision, direction, checksum, transaction, down }: Step,
  run: Run,
  { outcome, took, error }: NewEntry,
  entry?: number,
): string {
  const table = ledgerTable(schema);
  const isKept = direction === "up" && outcome !== "failed";
  const kept = isKept ? `${quoteText(checksum)}, ${transaction}, ${quoteText(down)}` : "NULL, NULL, NULL";
  const values =
    `${entry ?? "coalesce(max(entry), 0) + 1"}, clock_timestamp(), ${quoteText(revision)}, '${direction}', '${outcome}', ` +
    `${took === undefined ? "NULL" : `(${took}) * 1000`}, ` +
    `${quoteText(run.actor)}, session_user, '${run.id}', ${quoteText(error)}, ${kept}`;
  return (
    `INSERT INTO ${table} (entry, at, revision, direction, outcome, duration_ms, actor, db_user, run, error, checksum, in_transaction, down)\n` +
    (entry === undefined ? `SELECT ${values}\n  FROM ${table}` : `VALUES (${values})`)
  );
}
