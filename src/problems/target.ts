import { count, list } from "./wording.ts";

/** What can be wrong with the target. */
export type TargetProblem =
  | {
      readonly code: "unknown-target";
      readonly target: string;
      readonly near: readonly string[];
      readonly head: string;
    }
  | { readonly code: "ambiguous-target"; readonly target: string; readonly candidates: readonly string[] }
  | {
      readonly code: "step-out-of-range";
      readonly target: string;
      readonly schema: string;
      readonly current: string;
      readonly available: number;
    };

/** The words of a {@link TargetProblem}. */
export function targetText(problem: TargetProblem): string {
  switch (problem.code) {
    case "unknown-target":
      return (
        `Target "${problem.target}" is not in the history, whose head is ${problem.head}. ` +
        (problem.near.length > 0 ? `Did you mean ${list(problem.near, "or")}? ` : "") +
        "A target is head, base, a revision's id, number, name or the beginning of one, or a step like -1."
      );
    case "ambiguous-target":
      return `Target "${problem.target}" fits ${list(problem.candidates)}. Write more of the one you mean.`;
    case "step-out-of-range":
      return (
        `Target "${problem.target}": schema "${problem.schema}" is at ${problem.current}, from where ` +
        `${problem.available === 0 ? "no step" : `at most ${count(problem.available, "step")}`} can be taken that way. Name a revision instead.`
      );
  }
}
