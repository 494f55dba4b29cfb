import { randomUUID } from "node:crypto";
import type pg from "pg";
import { type FleetOptions, type FleetResult, runFleet } from "../../src/fleet/run-fleet.ts";
import type { SchemaResult, Wish } from "../../src/fleet/run-schema.ts";
import type { History } from "../../src/history/revision.ts";
import type { Ledger } from "../../src/plan/ledger.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { Connection } from "../../src/postgres/connection.ts";
import { type Database, withDatabase } from "../../src/postgres/database.ts";
import { readLedgers } from "../../src/postgres/ledger-table.ts";
import type { Run } from "../../src/postgres/record-step.ts";
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

/** A run that nobody stops. */
export const NEVER: AbortSignal = new AbortController().signal;

/** A run as an up makes it. */
export function newRun(): Run {
  return { id: randomUUID(), actor: "ana@laptop" };
}

/** One up over several schemas, with sessions of its own. */
export function up(
  connection: Connection,
  wishes: Readonly<Record<string, Wish>>,
  options: Partial<FleetOptions> = {},
): Promise<readonly SchemaResult[]> {
  const { concurrency = 4 } = options;
  // Two more than work at once, for whoever looks at them meanwhile.
  return withDatabase(connection, concurrency + 2, (database) => upIn(database, wishes, { concurrency, ...options }));
}

async function upIn(
  database: Database,
  wishes: Readonly<Record<string, Wish>>,
  options: Partial<FleetOptions>,
): Promise<readonly SchemaResult[]> {
  const { results } = await fleetIn(database, wishes, options);
  return results;
}

/** One up over several schemas, with what kept a wave from starting. */
export function fleetIn(
  database: Database,
  wishes: Readonly<Record<string, Wish>>,
  options: Partial<FleetOptions>,
): Promise<FleetResult> {
  const all = {
    run: newRun(),
    settings: SETTINGS,
    concurrency: 1,
    waitMs: 30_000,
    recoveryMs: options.waitMs ?? 30_000,
    stop: NEVER,
    waves: [Object.keys(wishes)],
    goesOn: false,
    wavePauseMs: 0,
    onFailure: "stop" as const,
    failureLimit: 0,
    onWave: () => {},
    onResult: () => {},
    onStep: () => {},
    onWait: () => {},
    onRetry: () => {},
    onSaid: () => {},
    onSnapshotUnused: () => {},
    ...options,
  };
  return runFleet(database, new Map(Object.entries(wishes)), all);
}

/** Each with its plan, as an up hands them over after it has planned all of them. What would be refused is left as it is. */
export async function planned(
  connection: Connection,
  wishes: Readonly<Record<string, Wish>>,
): Promise<Readonly<Record<string, Wish>>> {
  const ledgers = await withSession(connection, (client) => readLedgers(client, Object.keys(wishes)));
  const made = ledgers.flatMap((ledger) => {
    const wish = wishes[ledger.schema];
    return wish ? [[ledger.schema, { ...wish, plan: planOrNone(ledger, wish) }] as const] : [];
  });
  return Object.fromEntries(made);
}

function planOrNone(ledger: Ledger, wish: Wish): Plan | undefined {
  try {
    return makePlan({ ...wish, ledger });
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** Brings one schema to its target. Throws what stopped it. */
export async function migrate(
  connection: Connection,
  schema: string,
  history: History,
  options: MigrateOptions = {},
): Promise<readonly StepResult[]> {
  const { target, allowOutOfOrder, run = newRun(), ...settings } = options;
  const wishes = { [schema]: wish(history, { target, allowOutOfOrder }) };
  return stepsOrThrow(await up(connection, wishes, { run, settings: { ...SETTINGS, ...settings }, concurrency: 1 }));
}

/** As {@link migrate}, in a session that the caller keeps. */
export async function migrateIn(client: pg.ClientBase, schema: string, history: History, target = "head") {
  const database: Database = { sessions: 1, signedIn: () => 1, withClient: (callback) => callback(client) };
  return stepsOrThrow(await upIn(database, { [schema]: wish(history, { target }) }, {}));
}

/** What one schema did, or what stopped it. */
export function stepsOrThrow([result]: readonly SchemaResult[]): readonly StepResult[] {
  if (!result) throw new Error("no result");
  if (result.problems.length > 0) throw new Refusal(result.problems);
  return result.steps;
}

/** How a schema is to be planned: up to head where nothing else is said. */
export function wish(
  history: History,
  {
    target,
    allowOutOfOrder,
  }: { readonly target?: string | undefined; readonly allowOutOfOrder?: boolean | undefined } = {},
): Wish {
  return { history, target: target ?? "head", allowOutOfOrder: allowOutOfOrder ?? false };
}

/** The plan to a target. */
export function planFor(ledger: Ledger, history: History, target = "head"): Plan {
  return makePlan({ ledger, ...wish(history, { target }) });
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
