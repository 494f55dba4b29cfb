import { type Direction, forgottenWay, interruptedWays } from "./interrupted.ts";
import { acceptEdited, list, quoted } from "./wording.ts";

/** What can be wrong with a plan: the ledger against the folder. */
export type PlanProblem =
  | {
      readonly code: "edited";
      readonly schema?: string;
      readonly revision: string;
      readonly was: string;
      readonly is: string;
      /** How many edited revisions the config accepts, this one not among them. */
      readonly accepted: number;
    }
  | {
      readonly code: "not-in-folder";
      readonly schema: string;
      readonly revisions: readonly string[];
      readonly head: string;
    }
  | {
      readonly code: "out-of-order";
      readonly schema: string;
      readonly revisions: readonly string[];
      readonly head: string;
    }
  | { readonly code: "ledger-altered"; readonly schema: string }
  | { readonly code: "overtaken"; readonly schema: string; readonly at: string; readonly to: string }
  | { readonly code: "schema-gone"; readonly schema: string; readonly what: "schema" | "ledger" }
  | {
      readonly code: "up-missing";
      readonly revision: string;
      /** The file of the down script, which stands alone. */
      readonly down: string;
    }
  | { readonly code: "down-missing"; readonly schema: string; readonly revision: string }
  | { readonly code: "down-differs"; readonly schema: string; readonly revision: string; readonly file: string }
  | { readonly code: "irreversible"; readonly schema: string; readonly revision: string; readonly reason: string }
  | {
      readonly code: "unknown-baseline";
      readonly schema: string;
      readonly baseline: string;
      readonly from: "config" | "alembic";
    }
  | { readonly code: "below-baseline"; readonly schema: string; readonly target: string; readonly baseline: string }
  | {
      readonly code: "alembic-found";
      readonly schema: string;
      readonly version: string;
      readonly revision: string | undefined;
    }
  | {
      readonly code: "interrupted";
      readonly schema: string;
      readonly revision: string;
      readonly direction: Direction;
      /** True where the script is not the one that began. */
      readonly edited?: true;
    }
  | { readonly code: "folder-changed"; readonly revisions: readonly string[] };

/** The words of a {@link PlanProblem}. */
export function planText(problem: PlanProblem): string {
  switch (problem.code) {
    case "edited":
      if (problem.was === OF_NOTHING) return filledLater(problem);
      return (
        `${problem.revision} was edited after it was applied${problem.schema === undefined ? "" : ` in schema "${problem.schema}"`}: ` +
        `its checksum was ${problem.was} and is now ${problem.is}. Restore the file and put the change into a new revision; ` +
        "or roll back to the revision before it, then go forward again with the new text; or leave it as it is where it is applied, and let " +
        `the new text run elsewhere: ${acceptEdited(problem.revision, problem.accepted)}.`
      );
    case "not-in-folder":
      return (
        `Schema "${problem.schema}" has ${list(problem.revisions)}, which the folder lacks (its head is ${problem.head}). ` +
        "Is this checkout older than the schema, or was a file renamed? Use the newer checkout or restore the file. " +
        "To roll back, name the revision to go to: pulumi config set target REVISION."
      );
    case "ledger-altered":
      return (
        `Schema "${problem.schema}": its ledger was written by hand. Entries have no number, or two the same, so that it is not certain what ` +
        `came last. Number them in the order in which they happened: UPDATE ${quoted(problem.schema)}.migration_ledger SET entry = … WHERE …`
      );
    case "schema-gone":
      return (
        `Schema "${problem.schema}"${problem.what === "ledger" ? " lost its ledger" : " is gone"} since it was planned: dropped or renamed by someone else. ` +
        "Nothing was made anew, which no preview has shown. Run pulumi preview again."
      );
    case "overtaken":
      return (
        `Schema "${problem.schema}" is at ${problem.at} by now: another run took it there after this one was planned. To go to ` +
        `${problem.to} would take that back, which no preview has shown. Nothing was changed in it. Run pulumi preview again.`
      );
    case "out-of-order":
      return (
        `Schema "${problem.schema}" is at ${problem.head}, and ${list(problem.revisions)} would be added below it, after the fact. ` +
        "Give the file a number above the head, or allow it: pulumi config set allowOutOfOrder true."
      );
    case "up-missing":
      return (
        `${problem.revision} has no up script, only ${problem.down}. Was it forgotten? Add ${problem.down.replace(/down(?=\.sql$)/i, "up")}; ` +
        "an empty one says that there is nothing to do."
      );
    case "down-missing":
      return (
        `Schema "${problem.schema}" cannot go down from ${problem.revision}: it has no down script, neither in the folder nor in the ledger. ` +
        "Write one beside the up script, or choose a target at or above this revision."
      );
    case "down-differs":
      return (
        `Schema "${problem.schema}": ${problem.file} is not the down script that was recorded when ${problem.revision} was applied. ` +
        "Choose one: pulumi config set downFrom folder, or pulumi config set downFrom ledger."
      );
    case "irreversible":
      return (
        `Schema "${problem.schema}" cannot go down from ${problem.revision}, which says that it is irreversible: ` +
        `${problem.reason || "no reason given"}. Choose a target at or above it, or restore a backup.`
      );
    case "unknown-baseline":
      return problem.from === "config"
        ? `Baseline "${problem.baseline}" names no place in the history: it wants head, base, or a revision's id, number, name or its beginning.`
        : `Schema "${problem.schema}" is at Alembic's ${problem.baseline}, and no single revision's name here begins with that. Name the place: pulumi config set baseline REVISION.`;
    case "below-baseline":
      return (
        `Schema "${problem.schema}" would be taken over at ${problem.baseline}, above its target "${problem.target}". ` +
        "Take it over first (target head or the baseline), then roll back."
      );
    case "alembic-found":
      return (
        `Schema "${problem.schema}" was migrated by Alembic, which left it at ${problem.version}` +
        `${problem.revision === undefined ? ", and no revision here begins with that" : `: our ${problem.revision}`}. ` +
        `To take it over from there: ${problem.revision === undefined ? "pulumi config set baseline REVISION" : "pulumi config set adopt alembic"}. ` +
        "Its table alembic_version stays as it is."
      );
    case "interrupted":
      if (problem.edited) return interruptedAndEdited(problem.schema, problem.revision);
      return (
        `Schema "${problem.schema}": ${problem.revision} runs outside a transaction and was interrupted on the way ${problem.direction}. ` +
        "Look at what it did, finish or undo it by hand, then tell the ledger:" +
        interruptedWays(problem.schema, problem.revision, problem.direction)
      );
    case "folder-changed":
      return `The migrations folder changed after the preview: ${list(problem.revisions)}. Run the command again to see the new plan.`;
  }
}

function interruptedAndEdited(schema: string, revision: string): string {
  return (
    `Schema "${schema}": ${revision} runs outside a transaction, was interrupted on the way up, and its up script was edited since. ` +
    "Restore the file, and it goes on where it stopped; or undo by hand what the old text did (an index may be left over), then " +
    `tell the ledger, and the new text runs:${forgottenWay(schema, revision)}`
  );
}

/** The checksum of a script that is empty or missing. */
const OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb924";

function filledLater({ revision, accepted }: { readonly revision: string; readonly accepted: number }): string {
  return (
    `${revision} was applied when its up script was empty or missing, and has one now, which would never run. ` +
    "Give it a number of its own, behind what is applied, and leave this revision as it was; or let it run only where the revision is not " +
    `applied yet: ${acceptEdited(revision, accepted)}.`
  );
}
