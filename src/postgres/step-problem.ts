import pg from "pg";
import type { Plan, Step } from "../plan/plan.ts";
import type { Blocker, Problem, ServerError } from "../problem.ts";
import { lineAt } from "../script/parse-script.ts";
import { isRepeatable, repetition } from "../script/repeatable.ts";
import type { CodeFailure } from "./run-code.ts";
import { messageOf, serverError } from "./server-error.ts";
import {
  DISK_FULL,
  INVALID_TRANSACTION_TERMINATION,
  isByAdmin,
  isRefused,
  isShutOut,
  isThereAlready,
  isTransient,
} from "./sqlstate.ts";
import type { Message } from "./step-messages.ts";

/** A message that the server did not carry out. Its transaction is rolled back already. */
export class Failed extends Error {
  readonly original: unknown;
  readonly sent: Message;
  /** Statements of the message that completed before the one that failed. */
  readonly completed: number;
  readonly blocker: Blocker | undefined;
  /** True where the session is gone. */
  readonly ended: boolean;
  /** Of a migration in TypeScript: where in it. */
  readonly inCode: CodeFailure | undefined;
  /** The role that the step was to run as, where that may not use the schema. */
  readonly shutOut: string | undefined;

  constructor(
    original: unknown,
    sent: Message,
    completed: number,
    blocker: Blocker | undefined,
    ended: boolean,
    inCode?: CodeFailure,
  ) {
    const { proof } = sent;
    const failed =
      proof?.at === completed && original instanceof pg.DatabaseError && isShutOut(original) ? proof : undefined;
    super(failed?.says ?? messageOf(original));
    this.original = original;
    this.sent = sent;
    this.completed = completed;
    this.blocker = blocker;
    this.ended = ended;
    this.inCode = inCode;
    this.shutOut = failed?.role;
  }

  get transient(): boolean {
    return !this.ended && this.original instanceof pg.DatabaseError && isTransient(this.original);
  }
}

/** What to tell of a failed step: the session ended, its role may not work there, others stayed in the way, or the script is wrong. */
export function stepProblem(plan: Plan, step: Step, attempts: number, failed: Failed): Problem {
  if (failed.ended) return connectionLost(plan, step, failed.original);
  if (failed.shutOut !== undefined)
    return { code: "shut-out", schema: plan.schema, role: failed.shutOut, lacks: ["USAGE"] };
  const retried = step.script.mode === "transaction" || isRepeatable(step.script);
  return failed.transient && retried ? blocked(plan, step, attempts, failed) : stepFailed(plan, step, failed);
}

/** What to tell where the session ended under a step. */
export function connectionLost({ schema }: Plan, during: Step | undefined, error: unknown): Problem {
  const byAdmin = error instanceof pg.DatabaseError && isByAdmin(error);
  return { code: "connection-lost", schema, detail: messageOf(error), byAdmin, during: during?.revision };
}

function blocked(plan: Plan, step: Step, attempts: number, failed: Failed): Problem {
  const { schema } = plan;
  const { revision, script } = step;
  const { blocker } = failed;
  return {
    code: "blocked",
    schema,
    revision,
    file: script.file,
    attempts,
    partly: script.mode === "autocommit",
    blocker,
    error: errorOf(failed),
  };
}

function stepFailed(plan: Plan, step: Step, failed: Failed): Problem {
  const statement = failed.sent.statements[failed.completed - failed.sent.statementsBefore];
  const position = scriptPosition(failed, step);
  const line = failed.inCode?.line ?? statement?.line;
  return {
    code: "step-failed",
    schema: plan.schema,
    revision: step.revision,
    direction: step.direction,
    file: step.script.file,
    line: position === undefined ? line : lineAt(step.script.sql, position),
    statement: failed.inCode?.statement ?? statement?.sql,
    // Where the server was in a statement of ours, before the script's own, helps nobody.
    error: failed.sent.begins ? { ...errorOf(failed), where: undefined } : errorOf(failed),
    at: standing(plan, plan.steps.indexOf(step)),
    cause: causeOf(plan, step, errorOf(failed)),
    ...begun(step, failed, errorOf(failed)),
  };
}

function begun(step: Step, { sent, completed }: Failed, { sqlstate }: ServerError): Pick<StepFailed, "begun"> {
  const { script } = step;
  if (script.mode !== "autocommit" || sent.begins) return {};
  const statement = sent.statements[completed - sent.statementsBefore];
  const how = statement && repetition(statement);
  const index = how?.kind === "build-index" && !isRefused(sqlstate) ? { index: how.index } : {};
  // What TypeScript has done before nobody counts.
  const earlier = statement !== script.statements[0] || script.code !== undefined;
  return { begun: { earlier, repeatable: isRepeatable(script), ...index } };
}

type StepFailed = Extract<Problem, { code: "step-failed" }>;

function causeOf(plan: Plan, step: Step, { sqlstate }: ServerError): StepFailed["cause"] {
  if (sqlstate === DISK_FULL) return "disk-full";
  // A DO block or a procedure may COMMIT where no transaction is around it (manual 41.8).
  if (sqlstate === INVALID_TRANSACTION_TERMINATION && step.script.mode === "transaction" && !step.script.code)
    return "commits";
  const isFirst = plan.steps[0] === step && step.direction === "up";
  return isFirst && plan.unknownTables && isThereAlready(sqlstate) ? "there-already" : "script";
}

function errorOf(failed: Failed): ServerError {
  const { original } = failed;
  return original instanceof pg.DatabaseError ? serverError(original) : { sqlstate: "", message: failed.message };
}

/** Where the server pointed, as an index into the script. It counts code points from 1, in the whole message. */
function scriptPosition({ original, sent }: Failed, step: Step): number | undefined {
  if (!(original instanceof pg.DatabaseError) || original.position === undefined || sent.statements.length === 0) {
    return undefined;
  }
  const inMessage = [...sent.text].slice(0, Number(original.position) - 1).join("").length;
  const index = inMessage - sent.scriptStart;
  return index >= 0 && index <= step.script.sql.length ? index : undefined;
}

/** The revision a schema is at when the steps before `index` have run. */
export function standing(plan: Plan, index: number): string {
  const step = plan.steps[index];
  // A down that failed left its revision the highest.
  if (step?.direction === "down") return index === 0 ? plan.from : step.revision;
  return plan.steps[index - 1]?.direction === "up" ? (plan.steps[index - 1]?.revision ?? plan.kept) : plan.kept;
}
