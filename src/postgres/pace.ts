import type { Step } from "../plan/plan.ts";
import { isQuickAnywhere, isQuickOnNothing } from "../script/plain.ts";

/** How long steps that share a message may take in all, in ms, by how long they took before: a stop waits no longer for it. */
const TOGETHER_MS = 250;

/** What a step is thought to take, in ms, that no schema has had yet and that is quick by what it does. */
const GUESS_MS = 10;

/** How many characters they may have in all: the server reads a message in whole, with many times its size in memory. */
const TOGETHER_CHARACTERS = 1_000_000;

/** What a run knows of its steps: those that were quick in the schemas before, or have nothing to be slow on, are sent together. */
export class Pace {
  readonly #took = new Map<string, number>();

  /** @param ms how long the step took in a schema; undefined where it went wrong, and is to go alone from now on */
  note(step: Step, ms: number | undefined): void {
    this.#took.set(stepKey(step), ms ?? Number.POSITIVE_INFINITY);
  }

  /**
   * How many of these steps, from the first, may be sent in one message.
   *
   * @param onNothing true where the schema holds nothing that they could be slow on
   */
  together(steps: readonly Step[], onNothing: boolean): number {
    let [ms, characters] = [0, 0];
    const end = steps.findIndex((step) => {
      const isQuick = isQuickAnywhere(step.script) || (onNothing && isQuickOnNothing(step.script));
      const guess = isQuick ? GUESS_MS : Number.POSITIVE_INFINITY;
      ms += this.#took.get(stepKey(step)) ?? guess;
      characters += step.script.sql.length;
      return ms > TOGETHER_MS || characters > TOGETHER_CHARACTERS;
    });
    return end < 0 ? steps.length : end;
  }
}

/** One step of a history, in whichever schema. */
export function stepKey({ direction, revision }: Pick<Step, "direction" | "revision">): string {
  return `${direction} ${revision}`;
}
