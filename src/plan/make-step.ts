import type { History, Revision, Script } from "../history/revision.ts";
import { Refusal, refuseIfAny } from "../problem.ts";
import { irreversibleReason, strangeDirectives } from "../script/directive.ts";
import { type ParsedScript, parseScript } from "../script/parse-script.ts";
import { isRepeatable } from "../script/repeatable.ts";
import type { AppliedRevision } from "./ledger.ts";
import type { Step } from "./plan.ts";
import type { PlanRequest } from "./plan-request.ts";
import { dependsOnDefaultPrivileges, type Snapshot } from "./snapshot.ts";

/**
 * Records a revision that is there already.
 *
 * @throws Refusal up-missing
 */
export function baselineStep(revision: Revision): Step {
  return { ...recorded(revision), script: empty(`${revision.id} (baseline)`), source: "baseline" };
}

/**
 * Makes what some revisions make, at once, and records them as if each had run.
 *
 * @throws Refusal up-missing, or what is wrong with the snapshot's script, or with a way back that the ledger is to keep
 */
export function snapshotStep(snapshot: Snapshot, revisions: History): Step {
  const rows = revisions.map((revision) => {
    if (revision.down) parseOfFolder(revision.down, revision.transaction);
    const { checksum, down, transaction } = recorded(revision);
    return { revision: revision.id, checksum, down, transaction };
  });
  return {
    direction: "up",
    revision: snapshot.revision,
    script: parseScript(snapshot.script),
    source: "snapshot",
    resumes: false,
    checksum: rows.at(-1)?.checksum ?? "",
    down: rows.at(-1)?.down,
    transaction: true,
    snapshot: {
      fingerprint: snapshot.fingerprint,
      scope: { defaultPrivileges: dependsOnDefaultPrivileges(revisions) },
      rows,
    },
  };
}

/**
 * Runs a revision's up script.
 *
 * @param interrupted what the ledger says of it, where the script began and never finished
 * @throws Refusal up-missing, or what is wrong with the script; interrupted where it cannot be run again, or was edited since
 */
export function upStep(schema: string, revision: Revision, interrupted?: AppliedRevision): Step {
  const { id, down, transaction } = revision;
  // A way back that does not parse is better found now than when it is needed.
  if (down) parseOfFolder(down, transaction);
  const script = parseOfFolder(upOf(revision), transaction);
  if (interrupted) {
    // What another text left behind, only a person can know.
    if (interrupted.checksum !== revision.checksum) {
      throw new Refusal([{ code: "interrupted", schema, revision: id, direction: "up", edited: true }]);
    }
    refuseUnrepeatable(schema, interrupted, script, "up");
  }
  return { ...recorded(revision), ...noWayBack(revision), script, resumes: interrupted !== undefined };
}

/**
 * Runs a revision's down script: the folder's, or the one recorded when it was applied where the folder has none.
 *
 * @throws Refusal down-missing, down-differs, irreversible, interrupted, or what is wrong with the script
 */
export function downStep(row: AppliedRevision, { ledger, history, downFrom }: PlanRequest): Step {
  const { schema } = ledger;
  const { revision, checksum, transaction, interrupted } = row;
  const inFolder = downOf(history.find(({ id }) => id === revision));
  refuseIrreversible(schema, revision, inFolder?.sql);
  if (inFolder && row.down !== undefined && inFolder.sql !== row.down && !downFrom) {
    throw new Refusal([{ code: "down-differs", schema, revision, file: inFolder.file }]);
  }
  const useLedger = row.down !== undefined && (downFrom === "ledger" || !inFolder);
  const text = useLedger ? { file: `${revision} (down script in the ledger)`, sql: row.down ?? "" } : inFolder;
  if (!text) throw new Refusal([{ code: "down-missing", schema, revision }]);
  refuseIrreversible(schema, revision, text.sql);
  const script = useLedger ? parseScript(text, transaction) : parseOfFolder(text, transaction);
  if (interrupted) refuseUnrepeatable(schema, row, script, "down");
  return {
    direction: "down",
    revision,
    script,
    source: useLedger ? "ledger" : "folder",
    resumes: interrupted !== undefined,
    checksum,
    down: row.down,
    transaction,
  };
}

/** A mistyped directive is refused where it can be mended; the ledger's scripts cannot. */
function parseOfFolder(script: Script, transaction: boolean): ParsedScript {
  refuseIfAny(strangeDirectives(script));
  return parseScript(script, transaction);
}

/** @throws Refusal up-missing: what was forgotten could never run any more, once its revision is entered without it */
function recorded(revision: Revision): Omit<Step, "script"> {
  upOf(revision);
  const { id, checksum, transaction } = revision;
  const script = downOf(revision);
  // Code cannot be kept as text to run later: what it imports would be missing.
  const down = script?.code ? undefined : script?.sql;
  return { direction: "up", revision: id, source: "folder", resumes: false, checksum, down, transaction };
}

function upOf({ id, up, down }: Revision): Script {
  if (up) return up;
  throw new Refusal([{ code: "up-missing", revision: id, down: down?.file ?? "" }]);
}

function noWayBack(revision: Revision): Pick<Step, "noWayBack"> {
  const down = downOf(revision);
  if (!down) return { noWayBack: "it has no down script" };
  const reason = irreversibleReason(down.sql);
  return reason === undefined ? {} : { noWayBack: reason || "it says that it is irreversible" };
}

/** The down script; an up script that says it is irreversible stands for it, so that the ledger remembers it. */
function downOf(revision: Revision | undefined): Script | undefined {
  if (!revision?.up) return revision?.down;
  const reason = irreversibleReason(revision.up.sql);
  return reason === undefined ? revision.down : { file: revision.up.file, sql: `-- migrate:irreversible ${reason}\n` };
}

function refuseIrreversible(schema: string, revision: string, sql: string | undefined): void {
  const reason = sql === undefined ? undefined : irreversibleReason(sql);
  if (reason !== undefined) throw new Refusal([{ code: "irreversible", schema, revision, reason }]);
}

function refuseUnrepeatable(
  schema: string,
  { revision }: AppliedRevision,
  script: ParsedScript,
  direction: "up" | "down",
): void {
  if (isRepeatable(script)) return;
  throw new Refusal([{ code: "interrupted", schema, revision, direction }]);
}

function empty(file: string): ParsedScript {
  return { file, mode: "transaction", statements: [], sql: "" };
}
