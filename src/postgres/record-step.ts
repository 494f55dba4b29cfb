import type { RecordedRevision, Step } from "../plan/plan.ts";
import { eventTable, ledgerTable } from "./ledger-table.ts";
import { quoteText } from "./session.ts";

/** Who runs, for the events. */
export interface Run {
  /** A UUID for one create or update of the resource. */
  readonly id: string;
  /** `user@machine` of the process. */
  readonly actor: string;
}

/** Milliseconds since a moment, by the server's clock. */
function since(moment: string): string {
  return `extract(epoch FROM clock_timestamp() - ${moment}) * 1000`;
}

/**
 * The statement that makes the ledger agree with a step that ran in this same transaction, and leaves its event.
 *
 * @param outcome `recorded` for a baseline, which is taken over without running anything
 * @param follows true behind another step in one message: all transactions of a message say that they began with it, so the
 * event before tells when this one did
 */
export function recordStep(
  schema: string,
  step: Step,
  run: Run,
  outcome: "done" | "recorded",
  follows: boolean,
): string {
  const change = step.direction === "up" ? insertRow(schema, step, "applied") : deleteRow(schema, step);
  const began = follows ? `(SELECT max(at) FROM ${eventTable(schema)})` : "transaction_timestamp()";
  return together(change, insertEvent(schema, step, run, { outcome, duration: since(began) }));
}

/** The statements that record all that a snapshot stands for: the rows, and an event for each of them. */
export function recordSnapshot(schema: string, rows: readonly RecordedRevision[], run: Run): readonly string[] {
  const values = rows.map(
    ({ position, revision, checksum, down, transaction }) =>
      `(${position}, ${quoteText(revision)}, ${quoteText(checksum)}, ${quoteText(down)}, ${transaction}, ` +
      "'applied', clock_timestamp(), session_user)",
  );
  return [
    `INSERT INTO ${ledgerTable(schema)} (position, revision, checksum, down, in_transaction, state, applied_at, applied_by)\n` +
      `VALUES ${values.join(",\n       ")}`,
    // A microsecond apart, so that they have an order.
    `INSERT INTO ${eventTable(schema)} (at, run, actor, db_user, revision, direction, outcome)\n` +
      `SELECT transaction_timestamp() + position * interval '1 microsecond', '${run.id}', ${quoteText(run.actor)}, session_user, ` +
      `revision, 'up', 'snapshot' FROM ${ledgerTable(schema)}`,
  ];
}

/** For a script outside a transaction: the statement that says it has begun, before it does. */
export function recordStart(schema: string, step: Step, run: Run): string {
  const event = insertEvent(schema, step, run, { outcome: "started" });
  if (step.resumes) return together(updateRow(schema, step, "applied_at = clock_timestamp()"), event);
  if (step.direction === "up") return together(insertRow(schema, step, "applying"), event);
  return together(updateRow(schema, step, "state = 'reverting'"), event);
}

/** For a script outside a transaction: the statement that says it has finished. Its duration counts from its "started". */
export function recordFinish(schema: string, step: Step, run: Run): string {
  const change = step.direction === "down" ? deleteRow(schema, step) : updateRow(schema, step, "state = 'applied'");
  const started = `(SELECT max(at) FROM ${eventTable(schema)} WHERE run = '${run.id}' AND revision = ${quoteText(step.revision)})`;
  const duration = since(started);
  return together(change, insertEvent(schema, step, run, { outcome: "done", duration }));
}

/** The statement that leaves a step's failure in the events. */
export function recordFailure(schema: string, step: Step, run: Run, error: string): string {
  return insertEvent(schema, step, run, { outcome: "failed", error });
}

/** One statement, which costs the server less than two. */
function together(change: string, event: string): string {
  return `WITH change AS (\n${change})\n${event}`;
}

function insertRow(schema: string, step: Step, state: string): string {
  const { position, revision, checksum, down, transaction } = step;
  return (
    `INSERT INTO ${ledgerTable(schema)} (position, revision, checksum, down, in_transaction, state, applied_at, applied_by)\n` +
    `VALUES (${position}, ${quoteText(revision)}, ${quoteText(checksum)}, ${quoteText(down)}, ${transaction}, '${state}', ` +
    `clock_timestamp(), session_user)`
  );
}

function updateRow(schema: string, { position }: Step, set: string): string {
  return `UPDATE ${ledgerTable(schema)} SET ${set} WHERE position = ${position}`;
}

function deleteRow(schema: string, { position }: Step): string {
  return `DELETE FROM ${ledgerTable(schema)} WHERE position = ${position}`;
}

/** What an event says of its step. `recorded` is a baseline, `snapshot` what one made with others. */
export type Outcome = "started" | "done" | "failed" | "recorded" | "snapshot";

interface Event {
  readonly outcome: Outcome;
  /** In ms, as SQL. Kept of what is done. */
  readonly duration?: string;
  readonly error?: string;
}

function insertEvent(schema: string, { revision, direction }: Step, run: Run, event: Event): string {
  const { outcome, duration = "NULL", error } = event;
  return (
    `INSERT INTO ${eventTable(schema)} (at, run, actor, db_user, revision, direction, outcome, duration_ms, error)\n` +
    `VALUES (clock_timestamp(), '${run.id}', ${quoteText(run.actor)}, session_user, ${quoteText(revision)}, '${direction}', '${outcome}', ` +
    `${outcome === "done" ? duration : "NULL"}, ${quoteText(error)})`
  );
}
