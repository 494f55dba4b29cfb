import { inspect } from "node:util";
import { type Problem, Refusal } from "../../src/problem.ts";
import { errorText } from "../../src/problem-text.ts";

/** The words of the refusal that a call must end in; anything else that it does fails the test. */
export function refused(call: () => unknown): string {
  return errorText(new Refusal(problemsOf(call)));
}

/** The problems of the refusal that a call must end in, as data. */
export function problemsOf(call: () => unknown): readonly Problem[] {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    if (error instanceof Refusal) return error.problems;
    throw error;
  }
  throw new Error(`It was not refused; it gave ${inspect(result)}`);
}
