import type pg from "pg";
import { BASE } from "../history/revision.ts";
import { currentRevision, type Ledger } from "../plan/ledger.ts";
import type { Plan, Step } from "../plan/plan.ts";
import type { PlanRequest } from "../plan/plan-request.ts";
import type { SnapshotUnused } from "../plan/snapshot.ts";
import { type SchemaLock, withLockToTake, withSchemaLock } from "../postgres/advisory-lock.ts";
import { applyPlan, beginsTogether } from "../postgres/apply-plan.ts";
import type { Database } from "../postgres/database.ts";
import { hearing } from "../postgres/hear.ts";
import { ledgerChanged, ledgerLook, readLedgers } from "../postgres/ledger-table.ts";
import { refusalOf } from "../postgres/refusal-of.ts";
import type { ApplyContext, StepResult } from "../postgres/run-step.ts";
import { NotTaken } from "../postgres/run-together.ts";
import { stepsDone } from "../postgres/steps-done.ts";
import { withWatch } from "../postgres/watch.ts";
import { type LockHolder, type Problem, Refusal } from "../problem.ts";
import { refuseGone, refuseUnseenDowns } from "./as-planned.ts";
import { whileConnectionsGetLost } from "./connection-losses.ts";

/** How a schema is to be planned, without its ledger. */
export interface Wish extends Omit<PlanRequest, "ledger"> {
  /** What it came to before the run: where the ledger is still the same under the lock, it need not be read and planned again. */
  readonly plan?: Plan | undefined;
}

export interface SchemaOptions extends ApplyContext {
  /** As `makePlan`, for all schemas of a run. */
  readonly plan: (request: PlanRequest) => Plan;
  /** How long a server that was lost is waited for, in ms from its loss. */
  readonly recoveryMs: number;
  readonly onStep: (plan: Plan, step: Step, index: number) => void;
  readonly onWait: (schema: string, holder: LockHolder | undefined) => void;
  /** The schema's scripts said something by RAISE, also where they are run again. */
  readonly onSaid: (schema: string, text: string) => void;
  /** As soon as the schema has failed, before it is known where it stands. */
  readonly onFailed: (problems: readonly Problem[]) => void;
  /** A schema could not be made from the snapshot, and is replayed. */
  readonly onSnapshotUnused: (problem: SnapshotUnused) => void;
}

/** What became of one schema. */
export interface SchemaResult {
  readonly schema: string;
  readonly from: string;
  readonly to: string;
  readonly steps: readonly StepResult[];
  /** Why it stopped; empty where it is at its target. */
  readonly problems: readonly Problem[];
}

/**
 * Brings one schema to its target. The plan is that of the ledger as it is under the schema's lock, so that what another
 * run did meanwhile is neither repeated nor undone. What goes wrong is in the result.
 */
export async function runSchema(
  database: Database,
  schema: string,
  wish: Wish,
  options: SchemaOptions,
): Promise<SchemaResult> {
  const progress: Progress = { from: undefined, steps: [] };
  try {
    const to = await whileConnectionsGetLost(database, schema, options, () =>
      migrate(database, schema, wish, options, progress),
    );
    return { schema, from: progress.from ?? to, to, steps: progress.steps, problems: [] };
  } catch (error) {
    const { problems } = refusalOf(error, schema);
    options.onFailed(problems);
    const from = progress.from ?? wish.plan?.from ?? BASE;
    const { to, steps } = await standing(database, schema, options, { from, steps: progress.steps });
    return { schema, from, to, steps, problems };
  }
}

interface Progress {
  /** Where the schema was when it was first looked at. */
  from: string | undefined;
  steps: StepResult[];
}

/**
 * One go at a schema, from the lock to the last step. Returns the revision that it is at then.
 *
 * With a plan whose first steps are quick, the lock, the proof that the ledger is as it was planned, and the steps are one message.
 */
async function migrate(
  database: Database,
  schema: string,
  wish: Wish,
  options: SchemaOptions,
  progress: Progress,
): Promise<string> {
  const { plan } = wish;
  const isFirst = progress.from === undefined;
  const look = ledgerLook(schema, plan !== undefined && !plan.createsLedger);
  return withHeard(database, schema, options, async (client) => {
    if (isFirst && plan && beginsTogether(plan, options.pace) && !options.stop.aborted) {
      if (await applyAsPlanned(database, client, plan, options, progress)) return plan.to;
    }
    return withSchemaLock(
      client,
      schema,
      { ...options, onWait: (holder) => options.onWait(schema, holder) },
      async (rows, lock) => {
        const ledger = look.ledger(rows) ?? (await readLedger(database, client, schema));
        return migrateLocked(database, client, ledger, wish, lock, options, progress);
      },
      look.select,
    );
  });
}

function withHeard<T>(
  database: Database,
  schema: string,
  { onSaid }: SchemaOptions,
  callback: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  return database.withClient((client) =>
    hearing(
      client,
      (text) => onSaid(schema, text),
      () => callback(client),
    ),
  );
}

/** False where the lock was not to be had at once, or the ledger has changed since: then nothing was begun. */
async function applyAsPlanned(
  database: Database,
  client: pg.ClientBase,
  plan: Plan,
  options: SchemaOptions,
  progress: Progress,
): Promise<boolean> {
  const { schema, from } = plan;
  const { lockTimeoutMs } = options.settings;
  const onStep = (step: Step, index: number) => options.onStep(plan, step, index);
  progress.from = from;
  try {
    await withLockToTake(client, schema, ledgerChanged(plan), lockTimeoutMs, (lock) =>
      applyPlan(database, client, plan, lock, options, onStep, progress.steps),
    );
    return true;
  } catch (error) {
    if (!(error instanceof NotTaken)) throw error;
    progress.from = undefined;
    return false;
  }
}

async function migrateLocked(
  database: Database,
  client: pg.ClientBase,
  ledger: Ledger,
  wish: Wish,
  lock: SchemaLock,
  options: SchemaOptions,
  progress: Progress,
): Promise<string> {
  // A connection was lost before: what its COMMIT did is this run's work, heard of or not.
  if (progress.from !== undefined) progress.steps = await stepsDone(client, ledger, options.run, progress.steps);
  progress.from ??= currentRevision(ledger);
  const { plan: planned, ...request } = wish;
  if (planned) refuseGone(planned, ledger);
  const plan = options.plan({ ...request, ledger });
  if (planned) refuseUnseenDowns(planned, plan);
  const onStep = (step: Step, index: number) => options.onStep(plan, step, index);
  try {
    await applyPlan(database, client, plan, lock, options, onStep, progress.steps);
    return plan.to;
  } catch (error) {
    const unused = snapshotFailure(plan, error);
    if (!unused) throw error;
    options.onSnapshotUnused(unused);
    // Read again: the failure was entered in it.
    const noted = await readLedger(database, client, ledger.schema);
    return migrateLocked(database, client, noted, withoutSnapshot(wish), lock, options, progress);
  }
}

/** Why a plan failed, where it was at its snapshot. Its transaction was rolled back, and the history can be replayed. */
function snapshotFailure({ schema, steps: [first] }: Plan, error: unknown): SnapshotUnused | undefined {
  if (!first?.snapshot || !(error instanceof Refusal)) return undefined;
  const { file } = first.script;
  const problem = error.problems.find((each) => each.code === "step-failed" && each.file === file);
  return problem && { code: "snapshot-unused", file, why: "failed", schema, problem };
}

/** The same by replaying the history. */
export function withoutSnapshot(wish: Wish): Wish {
  return { ...wish, snapshot: undefined, plan: undefined };
}

async function readLedger(database: Database, client: pg.ClientBase, schema: string): Promise<Ledger> {
  const { result } = await withWatch(database, client, () => readLedgers(client, [schema]));
  const [ledger] = result;
  if (!ledger) throw new Error("the server answered without a row");
  return ledger;
}

interface Standing {
  readonly to: string;
  readonly steps: readonly StepResult[];
}

/** Asks the ledger where a schema stands after a failure: a COMMIT whose answer was lost may have succeeded. */
async function standing(
  database: Database,
  schema: string,
  { run }: SchemaOptions,
  { from, steps }: { readonly from: string; readonly steps: readonly StepResult[] },
): Promise<Standing> {
  try {
    return await database.withClient(async (client) => {
      const ledger = await readLedger(database, client, schema);
      return { to: currentRevision(ledger), steps: await stepsDone(client, ledger, run, steps) };
    });
  } catch {
    return { to: from, steps };
  }
}
