import { list } from "./wording.ts";

/** What can be wrong with the migrations folder. */
export type FolderProblem =
  | { readonly code: "folder-missing"; readonly folder: string; readonly isFile: boolean }
  | { readonly code: "not-utf8"; readonly file: string }
  | {
      readonly code: "unnumbered";
      readonly file: string;
      /** `.up.sql`; of a folder nothing. */
      readonly ending: string;
      /** The name without its ending, where only the separator behind its number is missing. */
      readonly meant: string | undefined;
    }
  | { readonly code: "unknown-direction"; readonly file: string }
  | { readonly code: "duplicate-number"; readonly number: string; readonly files: readonly string[] }
  | { readonly code: "unclear-order"; readonly earlier: string; readonly later: string }
  | { readonly code: "bad-module"; readonly file: string; readonly detail: string }
  | {
      readonly code: "unloaded-module";
      readonly file: string;
      /** Where it stands in the file, as far as Node says it. */
      readonly line?: number;
      readonly column?: number;
      readonly detail: string;
    }
  | { readonly code: "bad-metadata"; readonly file: string; readonly detail: string };

/** The words of a {@link FolderProblem}. */
export function folderText(problem: FolderProblem): string {
  switch (problem.code) {
    case "folder-missing":
      return (
        `The migrations folder "${problem.folder}" ${problem.isFile ? "is a file" : "does not exist"}. ` +
        `${problem.isFile ? "Name" : "Create it, or name"} another: pulumi config set migrations FOLDER.`
      );
    case "not-utf8":
      return `${problem.file}: is not UTF-8 text, so what it would write is not certain. Save it as UTF-8.`;
    case "unnumbered":
      return problem.meant === undefined
        ? `${problem.file}: the name has no number to order it by. Name it like 0007_add_cpf${problem.ending}.`
        : `${problem.file}: a _ is missing behind the number. Name it ${problem.meant}${problem.ending}.`;
    case "unknown-direction":
      return `${problem.file}: is it the way up or down? Name it ….up.sql or ….down.sql.`;
    case "duplicate-number":
      return `Number ${problem.number} is used by ${list(problem.files)}. Which goes first? Give one of them the next free number.`;
    case "unclear-order":
      return (
        `By their digits "${problem.earlier}" comes before "${problem.later}", by the groups between the dashes behind it. ` +
        "Which goes first? Name both alike, with as many digits in each group."
      );
    case "bad-module":
      return `${problem.file}: is no migration. ${problem.detail}. It exports async functions up and, for the way back, down.`;
    case "unloaded-module": {
      const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(":");
      return `${place}: cannot be loaded. ${problem.detail}.`;
    }
    case "bad-metadata":
      return `${problem.file}: not understood. ${problem.detail}`;
  }
}
