import type { Migration } from "../history/migration.ts";
import type { Step } from "../plan/plan.ts";
import type { Statement } from "../script/parse-script.ts";
import { leavesNothing } from "../script/plain.ts";
import { asOwner, type Proof, proofIn, runDeferred } from "./as-owner.ts";
import { proveFingerprint } from "./fingerprint.ts";
import {
  type EntryPlace,
  NOTE_START,
  type Run,
  recordFinish,
  recordSnapshot,
  recordStart,
  recordStep,
} from "./record-step.ts";
import { refuseTaken } from "./resume.ts";
import { quoteName, RESET_ROLE, RESET_SESSION } from "./session.ts";

/** How steps run. */
export interface StepSettings {
  /** Schemas behind the migrated one in the search path, for extensions. */
  readonly searchPath: readonly string[];
  /** How long a statement waits for a table's lock, in ms; 0 is for ever. */
  readonly lockTimeoutMs: number;
  /** How long a statement may take, in ms; 0 is for ever. */
  readonly statementTimeoutMs: number;
  /** The role that scripts run as, `{schema}` in it for the schema's name; undefined for who signs in. */
  readonly owner?: string | undefined;
}

/** What goes to the server in one round trip. */
export interface Message {
  readonly text: string;
  /** The script's statements in it, and where the first of them stands among all. */
  readonly statements: readonly Statement[];
  readonly statementsBefore: number;
  /** Where character 0 of the script's file stands in the text. */
  readonly scriptStart: number;
  /** True where it ends with a reset of the session, which then has to be told again what it needs. */
  readonly resets?: true;
  /** True where it comes before all of a script that runs outside a transaction. */
  readonly begins?: true;
  /** Of a step that runs as the schema's owner: what proves, before its script, that it may. */
  readonly proof?: Proof | undefined;
  /** What runs in its place: run by hand, the text of a migration in TypeScript stops. */
  readonly code?: CodeMessage;
}

/** A migration in TypeScript, between the messages of its step. */
export interface CodeMessage {
  readonly code: Migration;
  readonly file: string;
  readonly mode: "transaction" | "autocommit";
  /** True where it runs as the schema's owner, and must not leave that role. */
  readonly asOwner: boolean;
}

/** Where a step stands in a message that it may share. */
export interface Place extends EntryPlace {
  /** True before another step. */
  readonly goesOn: boolean;
  /** How far its settings reach: to its own end, or until the session is reset. Undefined where they hold already. */
  readonly settings: "LOCAL" | "SESSION" | undefined;
}

const ALONE: Place = { follows: false, goesOn: false, settings: "LOCAL" };

/**
 * With another step behind it in the message, its COMMIT need not wait for the disk: that of the last one does, for all that was
 * written before it, and nothing is told before (manual 28.4).
 */
const FLUSHED_LATER = "SET LOCAL synchronous_commit TO off";

/**
 * The SQL of a step exactly as it runs, a round trip each; the preview's file is made of the same. In a transaction that is
 * one message: settings, script and ledger row stand or fall together. Outside, each statement goes alone, since
 * several in one message are an implicit transaction (manual 55.2.2.1).
 *
 * @param preamble what the first step of a schema makes first; see preambleOf
 */
export function stepMessages(
  schema: string,
  step: Step,
  settings: StepSettings,
  run: Run,
  preamble: readonly string[],
  place: Place = ALONE,
): readonly Message[] {
  if (step.script.code)
    return codeMessages(schema, step, codeOf(step.script, step.script.code, settings), settings, run, preamble);
  return step.script.mode === "transaction"
    ? [transactionMessage(schema, step, settings, run, preamble, place)]
    : autocommitMessages(schema, step, settings, run, preamble);
}

function codeOf({ file, mode }: Step["script"], code: Migration, { owner }: StepSettings): CodeMessage {
  return { code, file, mode, asOwner: owner !== undefined };
}

function transactionMessage(
  schema: string,
  step: Step,
  settings: StepSettings,
  run: Run,
  preamble: readonly string[],
  place: Place,
): Message {
  const { follows, goesOn } = place;
  const before = [
    "BEGIN",
    ...(follows ? [NOTE_START] : []),
    ...(goesOn ? [FLUSHED_LATER] : []),
    ...(place.settings ? sessionSettings(schema, settings, place.settings) : []),
    ...preamble,
    ...asOwner(schema, settings, "LOCAL"),
  ];
  const resets = !goesOn || !leavesNothing(step.script);
  // Before the ledger: a script may end as another role, which need not be allowed to write it.
  const after = [
    ...(step.snapshot ? proveFingerprint(schema, step.snapshot) : []),
    ...(leavesNothing(step.script) ? [] : runDeferred(settings)),
    RESET_ROLE,
    ...recordDone(schema, step, run, place),
    "COMMIT",
    ...(resets ? [RESET_SESSION] : []),
  ];
  const head = `${lines(before)}-- ${step.script.file}\n`;
  // The script may end in a comment or without its semicolon.
  const text = `${head}${step.script.sql}\n;\n${lines(after)}`;
  const { statements } = step.script;
  const proof = proofIn(before, schema, settings);
  return {
    text,
    statements,
    statementsBefore: before.length,
    scriptStart: head.length,
    proof,
    ...(resets && { resets }),
  };
}

function recordDone(schema: string, step: Step, run: Run, place: Place): readonly string[] {
  if (step.snapshot) return [recordSnapshot(schema, step.snapshot.rows, run)];
  const outcome = step.source === "baseline" ? "recorded" : "done";
  return [recordStep(schema, step, run, outcome, place)];
}

function codeMessages(
  schema: string,
  step: Step,
  code: CodeMessage,
  settings: StepSettings,
  run: Run,
  preamble: readonly string[],
): readonly Message[] {
  const text = `DO $$ BEGIN RAISE 'here runs TypeScript, which only pulumi up can do'; END $$; -- ${code.file}\n`;
  const middle = { ...own(text), code };
  if (code.mode === "autocommit") {
    const [start, ...finish] = autocommitMessages(schema, step, settings, run, preamble);
    return [start, middle, ...finish].filter((message) => message !== undefined);
  }
  const before = [
    "BEGIN",
    ...sessionSettings(schema, settings, "LOCAL"),
    ...preamble,
    ...asOwner(schema, settings, "LOCAL"),
  ];
  const after = [...runDeferred(settings), RESET_ROLE, recordStep(schema, step, run, "done"), "COMMIT", RESET_SESSION];
  const proof = proofIn(before, schema, settings);
  return [{ ...own(lines(before)), proof }, middle, { ...own(lines(after)), resets: true }];
}

function autocommitMessages(
  schema: string,
  step: Step,
  settings: StepSettings,
  run: Run,
  preamble: readonly string[],
): readonly Message[] {
  // Settings stay behind a COMMIT. Where they fail, the step has not begun.
  const start = [
    "BEGIN",
    ...(step.resumes ? [] : refuseTaken(schema, step.script)),
    ...preamble,
    recordStart(schema, step, run),
    ...sessionSettings(schema, settings, "SESSION"),
    ...asOwner(schema, settings, "SESSION"),
  ];
  const text = `-- ${step.script.file}, outside a transaction\n${lines([...start, "COMMIT"])}`;
  const finish = ["BEGIN", recordFinish(schema, step, run), "COMMIT"];
  return [
    { ...own(text), begins: true, proof: proofIn(start, schema, settings) },
    ...step.script.statements.map((statement) => ({
      text: `${statement.sql}\n;\n`,
      statements: [statement],
      statementsBefore: 0,
      scriptStart: -statement.start,
    })),
    // On its own: a script's client_encoding or read-only transactions would reach into the message that ends them.
    { ...own(lines([RESET_SESSION])), resets: true },
    { ...own(lines(finish)), resets: true },
  ];
}

function own(text: string): Message {
  return { text, statements: [], statementsBefore: 0, scriptStart: 0 };
}

/** What holds in the session while a script runs. */
export function sessionSettings(schema: string, settings: StepSettings, scope: "LOCAL" | "SESSION"): readonly string[] {
  // Unnamed, temporary tables come first. A SECURITY DEFINER function takes this path over (FROM CURRENT), and its callers
  // must not put tables of their own before the schema's (manual, CREATE FUNCTION).
  const temporary = settings.owner === undefined ? [] : ["pg_temp"];
  return [
    `SET ${scope} search_path TO ${[schema, ...settings.searchPath, ...temporary].map(quoteName).join(", ")}`,
    `SET ${scope} lock_timeout TO ${settings.lockTimeoutMs}`,
    `SET ${scope} statement_timeout TO ${settings.statementTimeoutMs}`,
  ];
}

function lines(statements: readonly string[]): string {
  return statements.map((statement) => `${statement};\n`).join("");
}
