import { randomUUID } from "node:crypto";
import type pg from "pg";
import type { History } from "../../src/history/revision.ts";
import type { Ledger } from "../../src/plan/ledger.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { applyPlan } from "../../src/postgres/apply-plan.ts";
import { type Connection, withDatabase } from "../../src/postgres/connection.ts";
import { type Run, readLedgers } from "../../src/postgres/ledger-table.ts";
import type { StepResult } from "../../src/postgres/run-step.ts";
import type { StepSettings } from "../../src/postgres/step-messages.ts";
import { type Problem, Refusal } from "../../src/problem.ts";

export interface MigrateOptions extends Partial<StepSettings> {
  readonly target?: string;
  readonly allowOutOfOrder?: boolean;
  readonly run?: Run;
}

/** How steps run where a test says nothing else. */
export const SETTINGS: StepSettings = { searchPath: [], lockTimeoutMs: 10_000, statementTimeoutMs: 60_000 };

/** A run as an up makes it. */
export function newRun(): Run {
  return { id: randomUUID(), actor: "ana@laptop" };
}

/** Reads a schema's ledger, plans and applies, all in one session of its own. */
export function migrate(
  connection: Connection,
  schema: string,
  history: History,
  options: MigrateOptions = {},
): Promise<readonly StepResult[]> {
  return withSession(connection, (client) => migrateIn(client, schema, history, options));
}

/** As {@link migrate}, in a session that the caller keeps. */
export async function migrateIn(
  client: pg.ClientBase,
  schema: string,
  history: History,
  options: MigrateOptions = {},
): Promise<readonly StepResult[]> {
  const { target: _target, allowOutOfOrder: _allow, run = newRun(), ...settings } = options;
  const ledger = await ledgerOf(client, schema);
  const results: StepResult[] = [];
  const applied = ledger.applied.map((row) => row.revision);
  const context = { run, settings: { ...SETTINGS, ...settings } };
  await applyPlan(client, planFor(ledger, history, options), applied, context, () => {}, results);
  return results;
}

/** The plan to a target, head where none is given. */
export function planFor(ledger: Ledger, history: History, options: MigrateOptions = {}): Plan {
  const { target = "head", allowOutOfOrder = false } = options;
  return makePlan({ ledger, history, target, allowOutOfOrder });
}

/** One schema's ledger. */
export async function ledgerOf(client: pg.ClientBase, schema: string): Promise<Ledger> {
  const [ledger] = await readLedgers(client, [schema]);
  if (!ledger) throw new Error(`no answer for ${schema}`);
  return ledger;
}

/** One session for the callback. */
export function withSession<T>(connection: Connection, callback: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  return withDatabase(connection, 1, (database) => database.withClient(callback));
}

/** The problems of something that has to be refused. Any other error is the test's failure. */
export async function problemsOf(refused: Promise<unknown>): Promise<readonly Problem[]> {
  try {
    await refused;
  } catch (error) {
    if (error instanceof Refusal) return error.problems;
    throw error;
  }
  throw new Error("it was not refused");
}
