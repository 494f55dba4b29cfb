import type pg from "pg";
import type { Plan, Step } from "../plan/plan.ts";
import { Refusal } from "../problem.ts";
import { leavesNothing } from "../script/plain.ts";
import type { SchemaLock } from "./advisory-lock.ts";
import { type Database, ownSettingsOf, patiently } from "./database.ts";
import { stepKey } from "./pace.ts";
import type { Entered } from "./record-step.ts";
import type { ApplyContext, StepResult } from "./run-step.ts";
import { rolledBack, send } from "./send.ts";
import { RESET_SESSION } from "./session.ts";
import { type Place, stepMessages } from "./step-messages.ts";
import { connectionLost } from "./step-problem.ts";
import { stepsDone } from "./steps-done.ts";

/**
 * Ends the transaction that the resets behind a step are in: without it the next BEGIN would take them in, and a rollback would
 * bring back what they took away (manual 55.2.2.1).
 */
const COMMIT_RESETS = "BEGIN;COMMIT;\n";

/** Some of a plan's steps, one behind the other, in one message. */
export interface Together {
  readonly steps: readonly Step[];
  readonly preamble: readonly string[];
  /** The number of their first entry, where it is known. */
  readonly entry: number | undefined;
  /** The schema's: taken before them where it is not held. */
  readonly lock: SchemaLock;
  /** True where it is let go of as soon as all of them are there. */
  readonly releases: boolean;
}

/** The lock could not be taken together with the steps, or what it protects has changed: none of them was begun. */
export class NotTaken extends Error {}

/**
 * Runs several steps in one message, each in a transaction of its own as ever: of a fleet's time, much is round trips. At an
 * error the server goes no further, so what is done is a beginning of the steps; the one that failed is left to be run alone,
 * which tells what is wrong, or tries again.
 *
 * @param results gets the results of those that are done
 * @throws NotTaken
 * @throws Refusal connection-lost, in which case only the ledger knows which steps are there
 */
export async function runTogether(
  database: Database,
  client: pg.ClientBase,
  plan: Plan,
  { steps, preamble, entry, lock, releases }: Together,
  { settings, run, pace }: ApplyContext,
  results: StepResult[],
): Promise<void> {
  const started = performance.now();
  const takes = !lock.isHeld;
  const messages = steps.flatMap((step, index) => {
    const before = steps[index - 1];
    const place: Place = {
      follows: index > 0,
      goesOn: index < steps.length - 1,
      settings: before && leavesNothing(before.script) ? undefined : "SESSION",
      entry: entry === undefined ? undefined : entry + index,
    };
    return stepMessages(plan.schema, step, settings, run, index === 0 ? preamble : [], place);
  });
  const texts = messages.map(({ text, resets }, index) => {
    const commit = index < messages.length - 1 ? COMMIT_RESETS : "";
    return text + (resets ? `${ownSettingsOf(client)};\n${commit}` : "");
  });
  const text = [takes ? lock.take : "", ...texts, releases ? lock.release : ""].join("");
  const answer = await send(database, client, () => client.query(patiently(text)));
  const { error } = answer;
  const committed = answer.tags.filter((tag) => tag === "COMMIT").length;
  lock.isHeld = (lock.isHeld || committed > 0) && !(releases && error === undefined);
  // The COMMIT of a step comes behind that of the lock, those of the steps before it, and of their resets.
  const before = messages.map((_, index) => messages.slice(0, index).filter(({ resets }) => resets).length + index);
  const done = steps.filter((_, index) => (takes ? 1 : 0) + (before[index] ?? 0) < committed);
  const elapsed = performance.now() - started;
  const told = (durationsMs: readonly number[]) =>
    done.map(({ revision, direction, source }, index) => ({
      revision,
      direction,
      ...(source === "baseline" && { recorded: true as const }),
      durationMs: durationsMs[index] ?? 0,
    }));
  if (error === undefined) {
    const known = durationsIn(answer.result);
    const share = (elapsed - known.reduce((sum, ms) => sum + ms, 0)) / steps.length;
    const took = steps.map((_, index) => (known[index] ?? 0) + share);
    results.push(...told(took));
    for (const [index, step] of steps.entries()) pace.note(step, took[index]);
    return;
  }
  const isTaken = !takes || committed > 0;
  const failed = steps[done.length];
  if (isTaken && failed) pace.note(failed, undefined);
  if (!(await rolledBack(client, error))) {
    results.push(...told(done.map(() => elapsed / done.length)));
    throw new Refusal([connectionLost(plan, failed, error)]);
  }
  if (!isTaken) throw new NotTaken();
  // The one that failed is to find the session as it would alone. How long it took is no one else's time.
  await client.query(`${RESET_SESSION};${ownSettingsOf(client)}`);
  if (done.length === 0) return;
  const ofRun = await stepsDone(client, { schema: plan.schema, exists: true }, run, []);
  const tookOf = new Map(ofRun.map((result) => [stepKey(result), result.durationMs]));
  results.push(...told(done.map((step) => tookOf.get(stepKey(step)) ?? 0)));
}

/** What the server measured of each step, the COMMIT and the way there and back excepted: those are shared out. */
function durationsIn(answer: unknown): readonly number[] {
  const results = Array.isArray(answer) ? (answer as readonly pg.QueryResult<Entered>[]) : [];
  return results.flatMap(({ command, rows }, index) =>
    command === "INSERT" && results[index + 1]?.command === "COMMIT" ? [rows[0]?.duration_ms ?? 0] : [],
  );
}
