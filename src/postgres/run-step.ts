import pRetry from "p-retry";
import type pg from "pg";
import type { Plan, Step } from "../plan/plan.ts";
import { type Blocker, Refusal } from "../problem.ts";
import type { Statement } from "../script/parse-script.ts";
import { isRepeatable } from "../script/repeatable.ts";
import type { SchemaLock } from "./advisory-lock.ts";
import { type Database, ownSettingsOf, patiently } from "./database.ts";
import type { Pace } from "./pace.ts";
import { type Run, recordFailure } from "./record-step.ts";
import { prepareAgain } from "./resume.ts";
import { CodeFailure, runCode } from "./run-code.ts";
import { rolledBack, send } from "./send.ts";
import { RESET_SESSION } from "./session.ts";
import { type Message, type StepSettings, stepMessages } from "./step-messages.ts";
import { Failed, stepProblem } from "./step-problem.ts";

/** Everything about a run that does not differ between schemas. */
export interface ApplyContext {
  readonly run: Run;
  readonly settings: StepSettings;
  /** How long to wait for another run on the same schema, in ms. */
  readonly waitMs: number;
  /** Once aborted, no further step is begun, but for those that are under way in one message. */
  readonly stop: AbortSignal;
  /** What the schemas before say about how long steps take. */
  readonly pace: Pace;
  /** Does work that changes what all schemas share: this run's one after the other, or they would take each other for another run. */
  readonly oneByOne: <T>(work: () => Promise<T>) => Promise<T>;
  /** Others were in the way of a step; it is run again after a pause. */
  readonly onRetry: (plan: Plan, step: Step, blocker: Blocker | undefined) => void;
}

export interface StepResult {
  readonly revision: string;
  readonly direction: Step["direction"];
  /** Of a snapshot: the first of the revisions that it stood for. */
  readonly first?: string | undefined;
  /** Set where it was only entered in the ledger (a baseline), and nothing ran. */
  readonly recorded?: true | undefined;
  /** As this process saw it, round trips included; by the server's clock where the answer was lost. */
  readonly durationMs: number;
}

/**
 * Runs one step and its ledger row. A transaction that others were in the way of (a lock time-out, a deadlock) is run
 * again after a pause; the pauses let the site's own traffic through.
 *
 * @param release a lock to let go of as soon as the step is there
 * @throws Refusal step-failed when PostgreSQL refused the script, with file, line and statement; shut-out when its role may not use
 * the schema; blocked when others stayed in the way; connection-lost when the session ended, in which case only the ledger knows
 * whether the step is there
 */
export async function runStep(
  database: Database,
  client: pg.ClientBase,
  plan: Plan,
  step: Step,
  preamble: readonly string[],
  context: ApplyContext,
  release?: SchemaLock,
): Promise<StepResult> {
  const started = performance.now();
  const messages = stepMessages(plan.schema, step, context.settings, context.run, preamble);
  let attempts = 0;
  let next = 0;
  const attempt = async () => {
    attempts += 1;
    for (; next < messages.length; next += 1) {
      const message = messages[next];
      if (!message) continue;
      const [statement] = message.statements;
      const again = step.resumes || attempts > 1;
      if (again && statement && !(await readyAgain(database, client, plan.schema, message, statement))) continue;
      const isLast = next === messages.length - 1;
      await sendMessage(database, client, plan.schema, message, isLast ? release : undefined);
    }
  };
  // A transaction begins anew; outside one, what is repeatable goes on at the statement that gave way.
  const canRetry = (error: unknown): error is Failed =>
    error instanceof Failed && error.transient && (step.script.mode === "transaction" || isRepeatable(step.script));
  try {
    await pRetry(attempt, {
      ...PAUSES,
      shouldRetry: ({ error }) => canRetry(error),
      onFailedAttempt: ({ error, retriesLeft }) => {
        if (step.script.mode === "transaction") next = 0;
        if (retriesLeft > 0 && canRetry(error)) context.onRetry(plan, step, error.blocker);
      },
    });
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    if (!error.ended) await noteFailure(client, plan, step, preamble, context.run, error);
    throw new Refusal([stepProblem(plan, step, attempts, error)]);
  }
  const first = step.snapshot?.rows[0]?.revision;
  return {
    revision: step.revision,
    direction: step.direction,
    ...(first !== undefined && { first }),
    ...(step.source === "baseline" && { recorded: true }),
    durationMs: performance.now() - started,
  };
}

/** Five tries in about 15 s, jittered, so that two runs which met once do not meet again. */
const PAUSES = { retries: 4, minTimeout: 500, factor: 2, randomize: true };

/** False where a statement had finished, and is not to be run again. Others can be in the way of making it ready, too. */
async function readyAgain(
  database: Database,
  client: pg.ClientBase,
  schema: string,
  message: Message,
  statement: Statement,
): Promise<boolean> {
  const { result, error, blocker } = await send(database, client, () => prepareAgain(client, schema, statement));
  if (error !== undefined) throw new Failed(error, message, 0, blocker, !(await rolledBack(client, error)));
  return result === true;
}

async function sendMessage(
  database: Database,
  client: pg.ClientBase,
  schema: string,
  message: Message,
  release: SchemaLock | undefined,
): Promise<void> {
  const { code } = message;
  const after = message.resets ? `${ownSettingsOf(client)};${release?.release ?? ""}` : "";
  const { error, tags, blocker } = await send<unknown>(database, client, () =>
    code ? runCode(client, schema, code) : client.query(patiently(message.text + after)),
  );
  if (error !== undefined) {
    const original = error instanceof CodeFailure ? error.original : error;
    const ended = !(await rolledBack(client, original, code !== undefined));
    const place = error instanceof CodeFailure ? error : undefined;
    throw new Failed(original, message, tags.length, blocker, ended, place);
  }
  if (release) release.isHeld = false;
}

/** Enters the failure, in a transaction of its own: the step's was rolled back, a new ledger with it. */
async function noteFailure(
  client: pg.ClientBase,
  { schema }: Plan,
  step: Step,
  preamble: readonly string[],
  run: Run,
  failed: Failed,
): Promise<void> {
  const statements = [
    ...(step.script.mode === "transaction" || failed.sent.begins ? preamble : []),
    recordFailure(schema, step, run, failed.message),
  ];
  try {
    // On its own: a script's client_encoding or read-only transactions would reach into the message that ends them.
    await client.query(RESET_SESSION);
    await client.query([...statements, ownSettingsOf(client)].join(";\n"));
  } catch {
    // The step's own failure is what has to be told; a server that refuses to note it adds nothing.
  }
}
