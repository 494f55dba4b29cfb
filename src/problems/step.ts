import { schemaNames } from "../schema-name.ts";
import { type Direction, forgottenWay, interruptedWays } from "./interrupted.ts";
import { type ServerError, serverSaid } from "./server.ts";
import { acceptEdited, count, excerpt, indent, quoted, TAKE_OVER } from "./wording.ts";

/** What can be wrong with running the steps. */
export type StepProblem =
  | { readonly code: "stopped" }
  | {
      readonly code: "steps-left";
      readonly schema: string;
      readonly at: string;
      readonly left: number;
      readonly of: number;
    }
  | { readonly code: "wave-check"; readonly query: string; readonly answer: string }
  | {
      readonly code: "blocked";
      readonly schema: string;
      readonly revision: string;
      readonly file: string;
      readonly attempts: number;
      /** True outside a transaction: what was done before stays. */
      readonly partly: boolean;
      readonly blocker: Blocker | undefined;
      readonly error: ServerError;
    }
  | {
      readonly code: "locked";
      readonly schema: string;
      readonly waitedMs: number;
      readonly holder: LockHolder | undefined;
    }
  | { readonly code: "ledger-held"; readonly schema: string; readonly blocker: Blocker | undefined }
  | {
      /** A ledger, or what Alembic left, that the server does not let us read. */
      readonly code: "ledger-unreadable";
      readonly schema: string;
      /** Quoted, with its schema. */
      readonly table: string;
      /** Whose it is, where that is not who signed in. */
      readonly foreign: { readonly owner: string; readonly user: string } | undefined;
      readonly error: ServerError;
    }
  | {
      readonly code: "step-failed";
      readonly schema: string;
      readonly revision: string;
      readonly direction: Direction;
      readonly file: string;
      readonly line: number | undefined;
      readonly statement: string | undefined;
      readonly error: ServerError;
      /** Where the schema stands now. */
      readonly at: string;
      /**
       * What has to be mended; `there-already` is what the first script makes, in tables that no ledger knows; `commits` is a COMMIT in
       * a DO block or a procedure.
       */
      readonly cause: "script" | "disk-full" | "there-already" | "commits";
      /** Where the script ran outside a transaction, and is marked as interrupted. */
      readonly begun?: Begun;
      /** Of an up: the schemas that have the revision already, where there are any. */
      readonly others?: readonly string[];
      /** How many edited revisions the config accepts; undefined where this is one of them. */
      readonly accepted?: number;
    }
  | {
      /** What the ledger has of a schema's last event. */
      readonly code: "failed-before";
      readonly schema: string;
      readonly revision: string;
      readonly direction: Direction;
      readonly error: string;
    };

/** What is known of a script that failed outside a transaction. */
export interface Begun {
  /** True where statements before the one that failed stay. */
  readonly earlier: boolean;
  /** True where the next up goes on by itself. */
  readonly repeatable: boolean;
  /** What the failed statement was to build, and may have left INVALID. */
  readonly index?: string;
}

/** The session that holds a schema's advisory lock (pg_stat_activity). */
export interface LockHolder {
  readonly pid: number;
  readonly application: string;
  readonly user: string;
  /** Since when, in seconds; null where the server does not tell us. */
  readonly seconds: number | null;
}

/** The session that stands in the way of a step (pg_blocking_pids). */
export interface Blocker extends LockHolder {
  /** What it runs or ran last, its first 200 characters; `seconds` is the age of its transaction. */
  readonly query: string;
}

/** The words of a {@link StepProblem}. */
export function stepText(problem: StepProblem): string {
  switch (problem.code) {
    case "stopped":
      return "Stopped, as asked: what was under way is finished, and nothing more was begun.";
    case "steps-left":
      return `Schema "${problem.schema}" is at ${problem.at}; ${problem.left} of ${count(problem.of, "step")} ${problem.left === 1 ? "is" : "are"} left.`;
    case "wave-check":
      return (
        `The next wave was not started: waveCheck gave ${problem.answer}, and wants true:\n${indent(excerpt(problem.query))}\n` +
        "Look into it; the next up goes on with what is left."
      );
    case "blocked":
      return (
        `Schema "${problem.schema}", ${problem.file}: gave way ${count(problem.attempts, "time")} to other sessions (${problem.error.message}, ` +
        `SQLSTATE ${problem.error.sqlstate}).${blockerText(problem.blocker)}\n${problem.partly ? `${problem.revision} is marked as interrupted, and goes on with the next run` : `Nothing of ${problem.revision} remains`}. ` +
        "Run again when the way is free, or wait longer for locks: pulumi config set lockTimeoutMs MS."
      );
    case "locked":
      return (
        `Schema "${problem.schema}" is being migrated by another run: ${holderText(problem.holder)}. ` +
        `Gave up after ${(problem.waitedMs / 1000).toFixed(1)} s. Run again when it is done, or wait longer: pulumi config set waitTimeoutMs MS.`
      );
    case "ledger-held":
      return `Schema "${problem.schema}": another session keeps its ledger from being read.${blockerText(problem.blocker)}\nRun again when it is done. ${EXCLUDE}`;
    case "ledger-unreadable":
      return (
        `Schema "${problem.schema}": ${problem.table} cannot be read: ${serverSaid(problem.error)}\n` +
        `${problem.foreign ? takeBack(problem.table, problem.foreign) : "Mend that."} ${EXCLUDE}`
      );
    case "failed-before":
      return `Schema "${problem.schema}", ${problem.direction} ${problem.revision} failed: ${excerpt(problem.error)}`;
    case "step-failed":
      return stepFailed(problem);
  }
}

const EXCLUDE = 'Or leave the schema out until then: config "exclude".';

function takeBack(table: string, { owner, user }: { readonly owner: string; readonly user: string }): string {
  return `It belongs to "${owner}". Take it back: ALTER TABLE ${table} OWNER TO ${quoted(user)}.`;
}

/** The session that holds a lock, for people. */
export function holderText(holder: LockHolder | undefined): string {
  if (!holder) return "a session that has just ended";
  const time = holder.seconds === null ? "" : `, for ${holder.seconds} s`;
  return `${holder.application || "a session"} of ${holder.user} (pid ${holder.pid}${time})`;
}

function blockerText(blocker: Blocker | undefined): string {
  if (!blocker) return "";
  return ` In the way: ${holderText(blocker)}, whose last statement is\n${indent(excerpt(blocker.query))}`;
}

function stepFailed(problem: StepFailed): string {
  const { schema, file, line, statement, error, cause, begun } = problem;
  const where = line === undefined ? file : `${file}:${line}`;
  const shown = statement === undefined ? "" : `\n${indent(excerpt(statement))}`;
  const rest = begun ? interrupted(problem, begun) : undone(problem);
  const takeOver = cause === "there-already" ? `\nThe schema holds tables that no ledger knows. ${TAKE_OVER}` : "";
  const outside = cause === "commits" ? `\n${OUTSIDE}` : "";
  return `Schema "${schema}", ${where}: ${serverSaid(error)}${shown}\n${rest}${takeOver}${outside}`;
}

const OUTSIDE =
  "It ends the transaction that the script runs in. A line -- migrate:no-transaction lets the script run outside of one, statement by statement.";

type StepFailed = Extract<StepProblem, { code: "step-failed" }>;

function undone(problem: StepFailed): string {
  const { at, cause, revision, direction } = problem;
  const whole =
    direction === "up"
      ? `Nothing of ${revision} remains; the schema is at ${at}.`
      : `${revision} is still applied, as it was.`;
  const script = direction === "up" ? "Mend the script and run again." : "Mend its down script and run again.";
  return `${whole} ${cause === "disk-full" ? `${FREE_SPACE} and run again.` : (others(problem) ?? script)}`;
}

function interrupted(
  { schema, revision, direction, cause }: StepFailed,
  { earlier, repeatable, index }: Begun,
): string {
  const marked = `${revision} ran outside a transaction, and is marked as interrupted${earlier ? "; its earlier statements stay" : ""}.`;
  const isFull = cause === "disk-full";
  if (!repeatable) {
    return (
      `${marked}${isFull ? ` ${FREE_SPACE} first.` : ""} Look at what it did, finish or undo it by hand, then tell the ledger; the next up refuses until then:` +
      interruptedWays(schema, revision, direction)
    );
  }
  const left =
    index === undefined ? "" : ` What is left of index "${index}" is INVALID: that is dropped then, and built anew.`;
  // A down may be edited meanwhile; what another up left behind, only a person can know.
  const other =
    direction === "down"
      ? ""
      : ` For another text, undo by hand what this one did, and tell the ledger:${forgottenWay(schema, revision)}`;
  return `${marked} ${isFull ? FREE_SPACE : "Mend what is in the way"}, and the next up goes on at this statement.${left}${other}`;
}

/** What to do about a script that others have run as it is: edited without a word, it would be refused for them. */
function others({ revision, others = [], accepted }: StepFailed): string | undefined {
  if (others.length === 0) return undefined;
  const who = others.length > 1 ? `${schemaNames(others)} have` : `Schema "${others[0]}" has`;
  const accept =
    accepted === undefined ? ", as acceptEdited allows" : `, and accept that: ${acceptEdited(revision, accepted)}`;
  return `${who} ${revision} already. Mend by hand what is in the way here, and run again; or edit the script${accept}.`;
}

const FREE_SPACE = "Free space on the server's disk";
