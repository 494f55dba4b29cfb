import type pg from "pg";
import type { Ledger } from "../plan/ledger.ts";
import type { RecordedRevision, Step } from "../plan/plan.ts";
import { readApplied } from "./read-applied.ts";
import { selectEach } from "./select-each.ts";
import { quoteName, quoteText } from "./session.ts";

export const LEDGER = "migration_ledger";
export const EVENTS = "migration_event";

/**
 * Creates a schema's ledger and its events. In the schema itself, so that a dumped, restored or moved schema takes its
 * history along.
 */
export function createLedger(schema: string): readonly string[] {
  const s = quoteName(schema);
  return [
    `CREATE TABLE ${s}.${LEDGER} (
  position integer PRIMARY KEY,
  revision text NOT NULL UNIQUE,
  checksum text NOT NULL,
  down text,
  in_transaction boolean NOT NULL,
  state text NOT NULL CHECK (state IN ('applied', 'applying', 'reverting')),
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  applied_by text NOT NULL DEFAULT session_user,
  duration_ms double precision
)`,
    `COMMENT ON TABLE ${s}.${LEDGER} IS 'Revisions applied in this schema. Kept by pulumi-schema-migrations; do not edit.'`,
    `CREATE TABLE ${s}.${EVENTS} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  run uuid NOT NULL,
  actor text NOT NULL,
  db_user text NOT NULL DEFAULT session_user,
  revision text NOT NULL,
  direction text NOT NULL CHECK (direction IN ('up', 'down')),
  outcome text NOT NULL CHECK (outcome IN ('started', 'done', 'failed', 'recorded', 'snapshot')),
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
      `(${position}, ${quoteText(revision)}, ${quoteText(checksum)}, ${quoteText(down)}, ${transaction}, 'applied')`,
  );
  return [
    `INSERT INTO ${s}.${LEDGER} (position, revision, checksum, down, in_transaction, state)\nVALUES ${values.join(",\n       ")}`,
    `INSERT INTO ${s}.${EVENTS} (run, actor, revision, direction, outcome)\n` +
      `SELECT '${run.id}', ${quoteText(run.actor)}, revision, 'up', 'snapshot' FROM ${s}.${LEDGER} ORDER BY position`,
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
    `INSERT INTO ${table} (position, revision, checksum, down, in_transaction, state, duration_ms)\n` +
    `VALUES (${position}, ${quoteText(revision)}, ${quoteText(checksum)}, ${quoteText(down)}, ${transaction}, '${state}', ${duration})`
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
    `INSERT INTO ${table} (run, actor, revision, direction, outcome, duration_ms, error)\n` +
    `VALUES ('${run.id}', ${quoteText(run.actor)}, ${quoteText(step.revision)}, '${step.direction}', '${event.outcome}', ` +
    `${duration}, ${quoteText(event.error)})`
  );
}

/**
 * Reads the ledgers of many schemas in a few round trips: which exist, then 200 of them in a message. Reading never creates
 * anything.
 */
export async function readLedgers(client: pg.ClientBase, schemas: readonly string[]): Promise<readonly Ledger[]> {
  const { rows } = await client.query<{ schema: string; ledger: boolean; alembic: boolean; populated: boolean }>(
    `SELECT n.nspname AS schema, bool_or(c.relname = '${LEDGER}' AND c.relkind = 'r') IS TRUE AS ledger,
            bool_or(c.relname = '${ALEMBIC}' AND c.relkind = 'r') IS TRUE AS alembic,
            bool_or(c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname NOT IN ('${LEDGER}', '${EVENTS}')) IS TRUE AS populated
       FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
      WHERE n.nspname = ANY ($1) GROUP BY n.nspname`,
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
