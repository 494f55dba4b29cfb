import type pg from "pg";
import type { Ledger } from "../plan/ledger.ts";
import type { RecordedRevision, Step } from "../plan/plan.ts";
import { appliedRevision, type LedgerRow, readApplied, selectApplied } from "./read-applied.ts";
import { selectEach } from "./select-each.ts";
import { quoteName, quoteText } from "./session.ts";

export const LEDGER = "migration_ledger";
export const EVENTS = "migration_event";

/**
 * Creates a schema's ledger and its events. In the schema itself, so that a dumped, restored or moved schema takes its
 * history along. Plain on purpose: each index, sequence, constraint or default more is made, and held open, once a schema.
 */
export function createLedger(schema: string): readonly string[] {
  const s = quoteName(schema);
  return [
    `CREATE TABLE ${s}.${LEDGER} (
  position integer PRIMARY KEY,
  revision text NOT NULL,
  checksum text NOT NULL,
  down text,
  in_transaction boolean NOT NULL,
  state text NOT NULL,
  applied_at timestamptz NOT NULL,
  applied_by text NOT NULL,
  duration_ms double precision
)`,
    `COMMENT ON TABLE ${s}.${LEDGER} IS 'Revisions applied in this schema. Kept by pulumi-schema-migrations; do not edit.'`,
    `CREATE TABLE ${s}.${EVENTS} (
  at timestamptz NOT NULL,
  run uuid NOT NULL,
  actor text NOT NULL,
  db_user text NOT NULL,
  revision text NOT NULL,
  direction text NOT NULL,
  outcome text NOT NULL,
  duration_ms double precision,
  error text
)`,
    `COMMENT ON TABLE ${s}.${EVENTS} IS 'What ran in this schema, append-only. Kept by pulumi-schema-migrations.'`,
  ];
}

/** Who runs, for the events. */
export interface Run {
  /** A UUID for one create or update of the resource. */
  readonly id: string;
  /** `user@machine` of the process. */
  readonly actor: string;
}

/** Milliseconds since the transaction began, by the server's clock. */
const SINCE_BEGIN = "extract(epoch FROM clock_timestamp() - transaction_timestamp()) * 1000";

/** The statement that makes the ledger agree with a step that ran in this same transaction. */
export function recordStep(schema: string, step: Step): string {
  const table = `${quoteName(schema)}.${LEDGER}`;
  if (step.direction === "down") return `DELETE FROM ${table} WHERE position = ${step.position}`;
  return insertRow(table, step, "applied", SINCE_BEGIN);
}

/** The statements that record all that a snapshot stands for: the rows, and an event for each of them. */
export function recordSnapshot(schema: string, rows: readonly RecordedRevision[], run: Run): readonly string[] {
  const s = quoteName(schema);
  const values = rows.map(
    ({ position, revision, checksum, down, transaction }) =>
      `(${position}, ${quoteText(revision)}, ${quoteText(checksum)}, ${quoteText(down)}, ${transaction}, ` +
      "'applied', clock_timestamp(), session_user)",
  );
  return [
    `INSERT INTO ${s}.${LEDGER} (position, revision, checksum, down, in_transaction, state, applied_at, applied_by)\n` +
      `VALUES ${values.join(",\n       ")}`,
    // A microsecond apart, so that they have an order.
    `INSERT INTO ${s}.${EVENTS} (at, run, actor, db_user, revision, direction, outcome)\n` +
      `SELECT transaction_timestamp() + position * interval '1 microsecond', '${run.id}', ${quoteText(run.actor)}, session_user, ` +
      `revision, 'up', 'snapshot' FROM ${s}.${LEDGER}`,
  ];
}

/** For a script outside a transaction: the row that says it has begun, before it does. */
export function recordStart(schema: string, step: Step): string {
  const table = `${quoteName(schema)}.${LEDGER}`;
  if (step.resumes) return `UPDATE ${table} SET applied_at = clock_timestamp() WHERE position = ${step.position}`;
  if (step.direction === "up") return insertRow(table, step, "applying", "NULL");
  return `UPDATE ${table} SET state = 'reverting' WHERE position = ${step.position}`;
}

/** For a script outside a transaction: the row that says it has finished. */
export function recordFinish(schema: string, step: Step): string {
  const table = `${quoteName(schema)}.${LEDGER}`;
  if (step.direction === "down") return `DELETE FROM ${table} WHERE position = ${step.position}`;
  const duration = "extract(epoch FROM clock_timestamp() - applied_at) * 1000";
  return `UPDATE ${table} SET state = 'applied', duration_ms = ${duration} WHERE position = ${step.position}`;
}

function insertRow(table: string, step: Step, state: string, duration: string): string {
  const { position, revision, checksum, down, transaction } = step;
  return (
    `INSERT INTO ${table} (position, revision, checksum, down, in_transaction, state, applied_at, applied_by, duration_ms)\n` +
    `VALUES (${position}, ${quoteText(revision)}, ${quoteText(checksum)}, ${quoteText(down)}, ${transaction}, '${state}', ` +
    `clock_timestamp(), session_user, ${duration})`
  );
}

/** What an event says of its step. */
export interface Event {
  /** `recorded`: a baseline, taken over without running anything. `snapshot`: made by one, with others. */
  readonly outcome: "started" | "done" | "failed" | "recorded" | "snapshot";
  /** True where the run wrote a "started" for the step before: its duration counts from there. */
  readonly begun?: boolean;
  readonly error?: string;
}

/** The statement that appends to a schema's events. */
export function recordEvent(
  schema: string,
  step: Pick<Step, "revision" | "direction">,
  run: Run,
  event: Event,
): string {
  const table = `${quoteName(schema)}.${EVENTS}`;
  const started = `(SELECT max(at) FROM ${table} WHERE run = '${run.id}' AND revision = ${quoteText(step.revision)})`;
  const since = event.begun ? `extract(epoch FROM clock_timestamp() - ${started}) * 1000` : SINCE_BEGIN;
  const duration = event.outcome === "done" ? since : "NULL";
  return (
    `INSERT INTO ${table} (at, run, actor, db_user, revision, direction, outcome, duration_ms, error)\n` +
    `VALUES (clock_timestamp(), '${run.id}', ${quoteText(run.actor)}, session_user, ${quoteText(step.revision)}, '${step.direction}', '${event.outcome}', ` +
    `${duration}, ${quoteText(event.error)})`
  );
}

/** A SELECT of the rows of one schema's ledger, for {@link usedLedger}. */
export function selectLedger(schema: string): string {
  return selectApplied(`${quoteName(schema)}.${LEDGER}`);
}

/** The ledger that the rows of {@link selectLedger} are; undefined where they are none and say nothing of the schema. */
export function usedLedger(schema: string, rows: readonly pg.QueryResultRow[]): Ledger | undefined {
  if (rows.length === 0) return undefined;
  const applied = rows.map((row) => appliedRevision(row as LedgerRow));
  return { schema, schemaExists: true, exists: true, applied, populated: true, used: true };
}

/**
 * Reads the ledgers of many schemas in a few round trips: which exist, then 200 of them in a message. Reading never creates
 * anything.
 */
export async function readLedgers(client: pg.ClientBase, schemas: readonly string[]): Promise<readonly Ledger[]> {
  // Each by an index: a join on pg_class would read the relations of all schemas, once for each schema that is migrated.
  const { rows } = await client.query<{ schema: string; ledger: boolean; alembic: boolean; populated: boolean }>(
    `SELECT n.nspname AS schema,
            EXISTS (SELECT FROM pg_catalog.pg_class c
                     WHERE c.relname = '${LEDGER}' AND c.relnamespace = n.oid AND c.relkind = 'r') AS ledger,
            EXISTS (SELECT FROM pg_catalog.pg_class c
                     WHERE c.relname = '${ALEMBIC}' AND c.relnamespace = n.oid AND c.relkind = 'r') AS alembic,
            EXISTS (SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.objid
                     WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid
                       AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                       AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname NOT IN ('${LEDGER}', '${EVENTS}')) AS populated
       FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY ($1)`,
    [schemas],
  );
  const existing = new Map(rows.map((row) => [row.schema, row]));
  const applied = await readApplied(
    client,
    schemas.filter((schema) => existing.get(schema)?.ledger),
    (schema) => `${quoteName(schema)}.${LEDGER}`,
  );
  const unled = schemas.filter((schema) => existing.get(schema)?.alembic && !applied.get(schema)?.length);
  const versions = await readAlembic(client, unled);
  const used = await readUsed(
    client,
    schemas.filter((schema) => existing.get(schema)?.ledger && !applied.get(schema)?.length),
  );
  return schemas.map((schema) => ({
    schema,
    schemaExists: existing.has(schema),
    exists: existing.get(schema)?.ledger ?? false,
    applied: applied.get(schema) ?? NONE,
    populated: existing.get(schema)?.populated ?? false,
    used: applied.get(schema)?.length ? true : used.has(schema),
    alembic: versions.get(schema),
  }));
}

const NONE: Ledger["applied"] = [];

/** Those of the schemas whose emptied ledger once held something. */
async function readUsed(client: pg.ClientBase, schemas: readonly string[]): Promise<ReadonlySet<string>> {
  const select = (schema: string) =>
    `SELECT FROM ${quoteName(schema)}.${EVENTS} WHERE outcome IN ('done', 'recorded', 'snapshot') LIMIT 1`;
  const rows = await selectEach<Record<string, never>>(client, schemas, select);
  return new Set([...rows].flatMap(([schema, found]) => (found.length > 0 ? [schema] : [])));
}

/** Alembic's table, in the schema itself: one row with the revision's id, none at its base. */
const ALEMBIC = "alembic_version";

async function readAlembic(client: pg.ClientBase, schemas: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const select = (schema: string) => `SELECT version_num FROM ${quoteName(schema)}.${ALEMBIC}`;
  const rows = await selectEach<{ version_num: string }>(client, schemas, select);
  // Several heads are several rows; such a state has no one place in a history.
  return new Map(
    [...rows].flatMap(([schema, found]) =>
      found.length > 0 ? [[schema, found.map((row) => row.version_num).join(", ")]] : [],
    ),
  );
}
