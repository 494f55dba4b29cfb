import type { SchemaResult } from "../fleet/run-schema.ts";
import { type Problem, Refusal } from "../problem.ts";
import { count, errorText, problemTexts } from "../problem-text.ts";
import type { Outputs, Raw } from "./inputs.ts";

/**
 * A failure that keeps what was done: with an id, properties and reasons the engine records the state and tries the rest
 * at the next up (Pulumi: ErrorResourceInitFailed).
 */
export class PartialFailure extends Error {
  readonly id: string;
  readonly properties: Raw;
  readonly reasons: readonly string[];

  constructor(id: string, properties: Raw, reasons: readonly string[]) {
    super(reasons.join("\n"));
    this.id = id;
    this.properties = properties;
    this.reasons = reasons;
  }
}

/**
 * The failure of some schemas, or a stop on the way, told with what the others did.
 *
 * @param moving how many schemas had steps to take
 * @param held why a wave was not started
 */
export function partial(
  id: string,
  news: Raw,
  outs: Outputs,
  moving: number,
  results: readonly SchemaResult[],
  held: readonly Problem[],
): PartialFailure {
  const stopped = results.filter((result) => result.problems.some(isStop)).length;
  const failed = results.filter((result) => result.problems.length > 0).length - stopped;
  const left = moving - results.length;
  const parts = [
    stopped > 0 && failed === 0 ? "" : `${failed} failed`,
    stopped > 0 ? `${stopped} stopped on the way` : "",
    left > 0 ? `${left} not started` : "",
  ];
  const summary =
    `Of ${count(moving, "schema")} ${parts.filter(Boolean).join(", ")}. ` +
    `What was done is kept; ${asksLedger(results) ? "the next up refuses until the ledger is told" : "the next up goes on from there"}.`;
  const causes = problemTexts([...results.flatMap((result) => result.problems), ...held]);
  // Pulumi counts the reasons as errors: the summary is none of its own.
  const reasons = [...causes.slice(0, -1), `${causes.at(-1)}\n${summary}`];
  // The provider's own text goes along: Pulumi does not add it here, and later reads would lack it.
  return new PartialFailure(id, { ...outs, __provider: news.__provider }, reasons);
}

function asksLedger(results: readonly SchemaResult[]): boolean {
  return results
    .flatMap((result) => result.problems)
    .some((problem) => problem.code === "step-failed" && problem.begun?.repeatable === false);
}

function isStop({ code }: Problem): boolean {
  return code === "stopped" || code === "steps-left";
}

/**
 * An error whose text is for the user. For check, diff and read Pulumi prints an error once more on its own, with its
 * stack; that line then says where to look.
 */
export function shown(error: unknown): Error {
  const text = new Error(errorText(error));
  if (!(error instanceof Refusal)) return text;
  text.stack = "see its error below.";
  text.toString = () => "SchemaMigration was refused";
  return text;
}

/** A refresh signs in as the last up did: what has changed in the config since is not known to it. */
export function shownByRead(error: unknown): Error {
  const text = shown(error);
  if (!(error instanceof Refusal)) return text;
  const isLedger = error.problems.some(({ code }) => code === "ledger-held" || code === "ledger-unreadable");
  text.message += isLedger
    ? "\nThe refresh signs in as the last up did and reads all that it left, also what is excluded since: pulumi up --refresh=false, once."
    : "\nThe refresh uses the connection of the last up. If it has changed since: pulumi up --refresh=false, once.";
  return text;
}
