import { brief } from "./wording.ts";

/** What can be wrong with a script. */
export type ScriptProblem =
  | {
      readonly code: "syntax-error";
      readonly file: string;
      readonly line: number;
      readonly column: number;
      readonly detail: string;
      readonly text: string;
      /** Where it is something that only psql understands, what. */
      readonly psql: "command" | "rows" | undefined;
    }
  | {
      readonly code: "transaction-control";
      readonly file: string;
      readonly line: number;
      readonly text: string;
      /** True where the script runs outside a transaction. */
      readonly outside: boolean;
    }
  | {
      readonly code: "mixed-transaction";
      readonly file: string;
      readonly line: number;
      readonly text: string;
      /** True where the script wraps it into a BEGIN … COMMIT of its own. */
      readonly wrapped: boolean;
    }
  | { readonly code: "discards-session"; readonly file: string; readonly line: number; readonly text: string }
  | { readonly code: "resets-path"; readonly file: string; readonly line: number; readonly text: string }
  | { readonly code: "unlocks-all"; readonly file: string; readonly line: number; readonly text: string }
  | { readonly code: "copies-from-psql"; readonly file: string; readonly line: number; readonly text: string }
  | { readonly code: "changes-ledger"; readonly file: string; readonly line: number; readonly text: string }
  | {
      readonly code: "unknown-directive";
      readonly file: string;
      readonly line: number;
      readonly text: string;
      /** The name of ours that it may be. */
      readonly meant: string | undefined;
    }
  | {
      readonly code: "foreign-directive";
      readonly file: string;
      readonly line: number;
      readonly text: string;
      readonly tool: "dbmate" | "goose";
      /** True where the file asks to run outside a transaction. */
      readonly noTransaction: boolean;
    }
  | { readonly code: "leaves-role"; readonly file: string; readonly line: number; readonly text: string }
  | { readonly code: "unbound-definer"; readonly file: string; readonly line: number; readonly text: string };

/** The words of a {@link ScriptProblem}. */
export function scriptText(problem: ScriptProblem): string {
  switch (problem.code) {
    case "syntax-error":
      return `${problem.file}:${problem.line}:${problem.column}: ${problem.detail}\n${pointer(problem.text, problem.column)}${problem.psql ? `\n${PSQL[problem.psql]}` : ""}`;
    case "transaction-control":
      if (problem.outside) {
        return (
          `${problem.file}:${problem.line}: "${brief(problem.text)}" belongs to a transaction, and this script runs outside of one, each statement on its own. ` +
          "Remove it. What has to hold together is one statement (a DO block is one), or a revision of its own; for batches see docs/typescript.md."
        );
      }
      return (
        `${problem.file}:${problem.line}: "${brief(problem.text)}" would end or begin a transaction inside the script's own. ` +
        "Remove it: each script runs in one transaction, together with its ledger row. One BEGIN … COMMIT around the whole script is fine."
      );
    case "mixed-transaction":
      return (
        `${problem.file}:${problem.line}: "${brief(problem.text)}" cannot run in a transaction, ` +
        `${problem.wrapped ? "but the script wraps it into one: remove its BEGIN and COMMIT. " : "but the script also holds statements that should. "}` +
        "Move it to a revision of its own, or say that no statement of the script needs one: a line -- migrate:no-transaction."
      );
    case "discards-session":
      return (
        `${problem.file}:${problem.line}: "${brief(problem.text)}" would let go of the lock on the schema, and what comes behind it would run in another one. ` +
        "Remove it: each script finds a session as new."
      );
    case "resets-path":
      return (
        `${problem.file}:${problem.line}: "${brief(problem.text)}" would take the search path back to the server's own, and what comes behind it ` +
        "would run in another schema. Move it to the end, or reset by name what the script has set."
      );
    case "unlocks-all":
      return (
        `${problem.file}:${problem.line}: "${brief(problem.text)}" would let go of the lock on the schema, and another run could begin. ` +
        "Let go of a lock of your own by its key: pg_advisory_unlock(KEY)."
      );
    case "copies-from-psql":
      return `${problem.file}:${problem.line}: "${brief(problem.text)}" wants its rows from psql, which does not run here. ${INSERTS}`;
    case "changes-ledger":
      return (
        `${problem.file}:${problem.line}: "${brief(problem.text)}" would change the ledger, which says what is applied, while the script's ` +
        "own entry is written into it. Remove it: only migrations write it, and a script may read it."
      );
    case "unknown-directive":
      return (
        `${problem.file}:${problem.line}: "${brief(problem.text)}" is no directive, and would be passed over. ` +
        (problem.meant === undefined
          ? "There are -- migrate:no-transaction and -- migrate:irreversible REASON. Begin a comment of another kind otherwise."
          : `Did you mean -- migrate:${problem.meant}?`)
      );
    case "foreign-directive": {
      const { up, down } = halves(problem.file);
      return (
        `${problem.file}:${problem.line}: "${brief(problem.text)}" is ${problem.tool}'s, which has both ways in one file: here all of it would run. ` +
        `Split it, without such lines: what goes up into ${up}, what goes down into ${down}` +
        `${problem.noTransaction ? ", each with a line -- migrate:no-transaction" : ""}.`
      );
    }
    case "leaves-role":
      return (
        `${problem.file}:${problem.line}: "${brief(problem.text)}" would leave the role that the script runs as, the schema's owner. ` +
        "Remove it: what needs another role's rights is not this schema's own, and done elsewhere."
      );
    case "unbound-definer":
      return (
        `${problem.file}:${problem.line}: "${brief(problem.text)}" is SECURITY DEFINER without a search path: it would use the owner's rights ` +
        "on what its caller's search path leads it to. Add to it: SET search_path FROM CURRENT, which is this schema."
      );
  }
}

const INSERTS = "Write INSERTs, as pg_dump --inserts does.";

const PSQL: Readonly<Record<"command" | "rows", string>> = {
  command:
    "That is a command of psql, which does not run here: remove the line. Newer versions of pg_dump write \\restrict and \\unrestrict.",
  rows: `These are the rows of a COPY … FROM stdin, which only psql reads. ${INSERTS}`,
};

/** How the two scripts of a file's revision are named. */
function halves(file: string): { readonly up: string; readonly down: string } {
  const name = file.split(/[/\\]/).at(-1) ?? file;
  const stem = name.replace(/(up|down)\.sql$/i, "");
  return { up: `${stem}up.sql`, down: `${stem}down.sql` };
}

/** A line with a caret below one of its columns; of a long line what is around it. */
function pointer(line: string, column: number): string {
  const from = Math.max(0, column - 1 - POINTER_WIDTH / 2);
  const shown = [...line].slice(from, from + POINTER_WIDTH);
  // Tabs stay tabs below, so that the caret stands where they lead.
  const before = shown.slice(0, column - 1 - from).map((character) => (character === "\t" ? "\t" : " "));
  return `  ${shown.join("")}\n  ${before.join("")}^`;
}

const POINTER_WIDTH = 100;
