import { count, list } from "./wording.ts";

/** What can be wrong with the target. */
export type TargetProblem =
  | {
      readonly code: "unknown-target";
      readonly key: TargetKey;
      readonly target: string;
      readonly near: readonly string[];
      readonly head: string;
    }
  | {
      readonly code: "ambiguous-target";
      readonly key: TargetKey;
      readonly target: string;
      readonly candidates: readonly string[];
    }
  | {
      readonly code: "step-out-of-range";
      readonly target: string;
      readonly schema: string;
      readonly current: string;
      readonly available: number;
    };

/** What of the config names the revision. */
type TargetKey = "target" | "acceptEdited";

/** The words of a {@link TargetProblem}. */
export function targetText(problem: TargetProblem): string {
  switch (problem.code) {
    case "unknown-target":
      return (
        `${named(problem)} is not in the history, whose head is ${problem.head}. ` +
        (problem.near.length > 0 ? `Did you mean ${list(problem.near, "or")}? ` : "") +
        (problem.key === "target"
          ? "A target is head, base, a revision's id, number, name or the beginning of one, or a step like -1."
          : "It wants a revision's id, number, name or the beginning of one.")
      );
    case "ambiguous-target":
      return `${named(problem)} fits ${list(problem.candidates)}. Write more of the one you mean.`;
    case "step-out-of-range":
      return (
        `Target "${problem.target}": schema "${problem.schema}" is at ${problem.current}, from where ` +
        `${problem.available === 0 ? "no step" : `at most ${count(problem.available, "step")}`} can be taken that way. Name a revision instead.`
      );
  }
}

function named({ key, target }: { readonly key: TargetKey; readonly target: string }): string {
  return `${key === "target" ? "Target" : key} "${target}"`;
}
