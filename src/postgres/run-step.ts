import pg from "pg";
import type { Plan, Step } from "../plan/plan.ts";
import { type Problem, Refusal } from "../problem.ts";
import { lineAt } from "../script/parse-script.ts";
import { messageOf, serverError } from "./connection.ts";
import { createLedger, type Run, recordEvent } from "./ledger-table.ts";
import { RESET_SESSION } from "./session.ts";
import { type Message, type StepSettings, stepMessages } from "./step-messages.ts";

/** Everything about a run that does not differ between schemas. */
export interface ApplyContext {
  readonly run: Run;
  readonly settings: StepSettings;
}

export interface StepResult {
  readonly revision: string;
  readonly direction: Step["direction"];
  /** As this process saw it, round trips included. */
  readonly durationMs: number;
}

/**
 * Runs one step and its ledger row.
 *
 * @throws Refusal step-failed when PostgreSQL refused the script, with file, line and statement; connection-lost when the
 * session ended, in which case only the ledger knows whether the step is there
 */
export async function runStep(
  client: pg.ClientBase,
  plan: Plan,
  step: Step,
  createsLedger: boolean,
  { run, settings }: ApplyContext,
): Promise<StepResult> {
  const started = performance.now();
  for (const message of stepMessages(plan.schema, step, settings, run, createsLedger)) {
    const failure = await send(client, message);
    if (failure === undefined) continue;
    if (!(failure.error instanceof pg.DatabaseError)) {
      throw new Refusal([{ code: "connection-lost", schema: plan.schema, detail: messageOf(failure.error) }]);
    }
    const problem = stepFailed(plan, step, message, failure.error, failure.completed);
    const ledgerLost = createsLedger && step.script.mode === "transaction";
    await recordFailure(client, plan.schema, step, run, failure.error.message, ledgerLost);
    throw new Refusal([problem]);
  }
  return { revision: step.revision, direction: step.direction, durationMs: performance.now() - started };
}

interface Failure {
  readonly error: unknown;
  /** Statements of the message that completed before the one that failed. */
  readonly completed: number;
}

async function send(client: pg.ClientBase, message: Message): Promise<Failure | undefined> {
  let completed = 0;
  const count = () => {
    completed += 1;
  };
  const { connection } = client as pg.ClientBase & { readonly connection: NodeJS.EventEmitter };
  connection.on("commandComplete", count);
  try {
    await client.query(message.text);
    return undefined;
  } catch (error) {
    return { error, completed };
  } finally {
    connection.off("commandComplete", count);
  }
}

function stepFailed(plan: Plan, step: Step, message: Message, error: pg.DatabaseError, completed: number): Problem {
  const statement = message.statements[completed - message.statementsBefore];
  const position = scriptPosition(message, error, step);
  const line = position === undefined ? statement?.line : lineAt(step.script.sql, position);
  const index = plan.steps.indexOf(step);
  return {
    code: "step-failed",
    schema: plan.schema,
    revision: step.revision,
    direction: step.direction,
    file: step.script.file,
    line,
    statement: statement?.sql,
    error: serverError(error),
    at: standing(plan, index),
    partly: step.script.mode === "autocommit",
  };
}

/** Where the server pointed, as an index into the script. It counts code points from 1, in the whole message. */
function scriptPosition(message: Message, error: pg.DatabaseError, step: Step): number | undefined {
  if (error.position === undefined || message.statements.length === 0) return undefined;
  const inMessage = [...message.text].slice(0, Number(error.position) - 1).join("").length;
  const index = inMessage - message.scriptStart;
  return index >= 0 && index <= step.script.sql.length ? index : undefined;
}

/** The revision a schema is at when the steps before `index` have run. */
function standing(plan: Plan, index: number): string {
  const done = plan.steps.slice(0, index);
  const last = done.at(-1);
  if (!last) return plan.from;
  if (last.direction === "up") return last.revision;
  return plan.steps[index]?.direction === "down" ? (plan.steps[index]?.revision ?? plan.from) : plan.to;
}

/** Leaves the failure in the events, in a transaction of its own: the step's was rolled back. */
async function recordFailure(
  client: pg.ClientBase,
  schema: string,
  step: Step,
  run: Run,
  error: string,
  ledgerLost: boolean,
): Promise<void> {
  const statements = [
    ...(ledgerLost ? createLedger(schema) : []),
    recordEvent(schema, step, run, { outcome: "failed", error }),
    RESET_SESSION,
  ];
  await client.query("ROLLBACK");
  await client.query(statements.join(";\n"));
}
