import type pg from "pg";
import type { Plan, Step } from "../plan/plan.ts";
import { Refusal } from "../problem.ts";
import type { HeldLock } from "./advisory-lock.ts";
import { type Database, noticingOf, patiently } from "./connection.ts";
import type { Entered } from "./record-step.ts";
import type { ApplyContext, StepResult } from "./run-step.ts";
import { rolledBack, send } from "./send.ts";
import { stepMessages } from "./step-messages.ts";
import { connectionLost } from "./step-problem.ts";

/**
 * Ends the transaction that the resets behind a step are in: without it the next BEGIN would take them in, and a rollback would
 * bring back what they took away (manual 55.2.2.1).
 */
const COMMIT_RESETS = "BEGIN;COMMIT;\n";

/**
 * Runs several steps in one message, each in a transaction of its own as ever: of a fleet's time, much is round trips. At an
 * error the server goes no further, so what is done is a beginning of the steps; the one that failed is left to be run alone,
 * which tells what is wrong, or tries again.
 *
 * @param release a lock to let go of as soon as all of them are there
 * @param results gets the results of those that are done
 * @throws Refusal connection-lost, in which case only the ledger knows which steps are there
 */
export async function runTogether(
  database: Database,
  client: pg.ClientBase,
  plan: Plan,
  steps: readonly Step[],
  preamble: readonly string[],
  { settings, run, pace }: ApplyContext,
  release: HeldLock | undefined,
  results: StepResult[],
): Promise<void> {
  const started = performance.now();
  const messages = steps.flatMap((step, index) => {
    const place = { follows: index > 0, goesOn: index < steps.length - 1 };
    return stepMessages(plan.schema, step, settings, run, index === 0 ? preamble : [], place);
  });
  const texts = messages.map(({ text, resets }) => text + (resets ? `${noticingOf(client)};\n${COMMIT_RESETS}` : ""));
  const text = [...texts, release?.release ?? ""].join("");
  const answer = await send(database, client, () => client.query(patiently(text)));
  const commits = answer.tags.filter((tag) => tag === "COMMIT").length;
  // The COMMIT of a step comes behind those of the steps before it, and of their resets.
  const done = steps.filter(
    (_, index) => index + messages.slice(0, index).filter(({ resets }) => resets).length < commits,
  );
  const known = durationsIn(answer.result);
  const share = (performance.now() - started - known.reduce((sum, ms) => sum + ms, 0)) / done.length;
  for (const [index, step] of done.entries()) {
    const { revision, direction } = step;
    const durationMs = (known[index] ?? 0) + share;
    results.push({ revision, direction, durationMs });
    pace.note(step, durationMs);
  }
  if (answer.error === undefined) {
    if (release) release.isReleased = true;
    return;
  }
  const failed = steps[done.length];
  if (failed) pace.note(failed, undefined);
  if (!(await rolledBack(client, answer.error))) throw new Refusal([connectionLost(plan, answer.error)]);
}

/** What the server measured of each step, the COMMIT and the way there and back excepted: those are shared out. None after an error. */
function durationsIn(answer: unknown): readonly number[] {
  const results = Array.isArray(answer) ? (answer as readonly pg.QueryResult<Entered>[]) : [];
  return results.flatMap(({ command, rows }, index) =>
    command === "INSERT" && results[index + 1]?.command === "COMMIT" ? [rows[0]?.duration_ms ?? 0] : [],
  );
}
