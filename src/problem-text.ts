import { type Problem, Refusal } from "./problem.ts";
import { beyondText } from "./problems/beyond.ts";
import { configText } from "./problems/config.ts";
import { folderText } from "./problems/folder.ts";
import { planText } from "./problems/plan.ts";
import { roleText } from "./problems/roles.ts";
import { schemasText } from "./problems/schemas.ts";
import { scriptText } from "./problems/script.ts";
import { serverText } from "./problems/server.ts";
import { snapshotText } from "./problems/snapshot.ts";
import { stepText } from "./problems/step.ts";
import { targetText } from "./problems/target.ts";
import { schemaNames } from "./schema-name.ts";

export { holderText } from "./problems/step.ts";
export { count, excerpt, indent } from "./problems/wording.ts";

/** The words of a problem: what was written, what is true instead, the way out. */
export function problemText(problem: Problem): string {
  switch (problem.code) {
    case "config":
    case "unknown-key":
    case "idle-entry":
    case "no-stack":
    case "no-connection":
      return configText(problem);
    case "folder-missing":
    case "not-utf8":
    case "unnumbered":
    case "unknown-direction":
    case "duplicate-number":
    case "unclear-order":
    case "bad-module":
    case "unloaded-module":
    case "bad-metadata":
      return folderText(problem);
    case "unknown-target":
    case "ambiguous-target":
    case "step-out-of-range":
      return targetText(problem);
    case "syntax-error":
    case "transaction-control":
    case "mixed-transaction":
    case "discards-session":
    case "resets-path":
    case "unlocks-all":
    case "copies-from-psql":
    case "changes-ledger":
    case "unknown-directive":
    case "foreign-directive":
    case "leaves-role":
    case "unbound-definer":
      return scriptText(problem);
    case "edited":
    case "not-in-folder":
    case "ledger-altered":
    case "overtaken":
    case "schema-gone":
    case "out-of-order":
    case "up-missing":
    case "down-missing":
    case "down-differs":
    case "irreversible":
    case "unknown-baseline":
    case "below-baseline":
    case "alembic-found":
    case "interrupted":
    case "folder-changed":
      return planText(problem);
    case "once-a-database":
    case "unplaced-extension":
    case "takes-schema":
    case "drops-for-all":
    case "other-schema":
    case "all-schemas":
    case "sets-path":
      return beyondText(problem);
    case "snapshot-unused":
    case "snapshot-refused":
      return snapshotText(problem, problemText);
    case "schema-name":
    case "owned-twice":
    case "still-owned":
    case "left-behind":
    case "schemas-query":
    case "path-schema":
      return schemasText(problem);
    case "role-name":
    case "role-missing":
    case "cannot-become":
    case "foreign-owner":
    case "shut-out":
    case "search-path-closed":
    case "reaches":
    case "member":
    case "ledger-owner":
      return roleText(problem);
    case "unreachable":
    case "no-tls":
    case "sign-in-refused":
    case "database-missing":
    case "connection-lost":
    case "read-only":
    case "no-rights":
    case "no-create":
    case "pooler":
    case "no-session":
    case "no-free-sessions":
    case "unexpected":
    case "server-error":
      return serverText(problem);
    case "stopped":
    case "steps-left":
    case "wave-check":
    case "blocked":
    case "locked":
    case "ledger-held":
    case "ledger-unreadable":
    case "step-failed":
    case "failed-before":
      return stepText(problem);
  }
}

/** The words of an error: a refusal's problems, a line or paragraph for each cause; any other error's own message. */
export function errorText(error: unknown): string {
  if (error instanceof Refusal) return problemTexts(error.problems).join("\n");
  return error instanceof Error ? error.message : String(error);
}

/** Words for many problems: one cause in 37 schemas is told once, with their names. */
export function problemTexts(problems: readonly Problem[]): readonly string[] {
  return [...Map.groupBy(problems, causeOf).values()].flatMap(([first, ...same]) => {
    if (!first) return [];
    const others = same.flatMap((problem) => ("schema" in problem && problem.schema ? [problem.schema] : []));
    return [problemText(first) + (others.length > 0 ? `\nThe same in ${schemaNames(others)}.` : "")];
  });
}

/** What two problems share that have one cause: not the schema, nor what differs with its rows. */
function causeOf(problem: Problem): string {
  switch (problem.code) {
    case "step-failed":
      return JSON.stringify([problem.code, problem.file, problem.line, problem.direction, problem.error.sqlstate]);
    case "blocked":
      return JSON.stringify([problem.code, problem.file, problem.error.sqlstate]);
    case "failed-before":
      // What it quotes are rows' values as well.
      return JSON.stringify([
        problem.code,
        problem.revision,
        problem.direction,
        problem.error.replaceAll(/"[^"]*"/g, ""),
      ]);
    case "locked":
      return problem.code;
    case "ledger-held":
      return JSON.stringify([problem.code, problem.blocker?.pid]);
    case "ledger-unreadable":
      return JSON.stringify([problem.code, problem.foreign, problem.error.sqlstate]);
    default: {
      // Names of schemas that are wrong in themselves are told one by one.
      const { schema, ...cause } = { schema: undefined, ...problem };
      return JSON.stringify(problem.code === "schema-name" ? problem : cause);
    }
  }
}
