import type pg from "pg";
import { MigrationError, Umzug } from "umzug";
import { isDatabaseWide } from "../plan/once-a-database.ts";
import type { Plan, Step } from "../plan/plan.ts";
import { type Problem, Refusal } from "../problem.ts";
import { isQuickOnNothing } from "../script/plain.ts";
import { type SchemaLock, withDatabaseLock } from "./advisory-lock.ts";
import type { Database } from "./database.ts";
import type { Pace } from "./pace.ts";
import { preambleOf } from "./preamble.ts";
import { type ApplyContext, runStep, type StepResult } from "./run-step.ts";
import { runTogether } from "./run-together.ts";
import { standing } from "./step-problem.ts";

/**
 * Runs a plan's steps in their order, each whole or not at all (a script outside a transaction excepted, whose ledger
 * row says so). umzug is handed the explicit steps, never a target of its own: its `to` would revert one too many.
 *
 * @param lock the schema's, let go of together with the last step; not held only where {@link beginsTogether} is true
 * @param results gets each step's result as it is done, so that a failure leaves what came before it
 * @throws Refusal step-failed, shut-out, blocked or connection-lost; steps-left where it was stopped
 * @throws NotTaken
 */
export async function applyPlan(
  database: Database,
  client: pg.ClientBase,
  plan: Plan,
  lock: SchemaLock,
  context: ApplyContext,
  onStep: (step: Step, index: number) => void,
  results: StepResult[],
): Promise<void> {
  let done = 0;
  const run = async (step: Step) => {
    const index = plan.steps.indexOf(step);
    if (index < done) return;
    if (context.stop.aborted) throw new Refusal([stepsLeft(plan, index)]);
    const preamble = index === 0 ? preambleOf(plan, context.settings.owner) : [];
    const isLast = (count: number) => index + count === plan.steps.length;
    const quick = quickSteps(plan, index, context.pace);
    for (const [ahead, each] of (quick.length > 0 ? quick : [step]).entries()) onStep(each, index + ahead);
    // A single one that goes wrong would be run twice, which is worth a round trip, but no more.
    if (quick.length > 1 || !lock.isHeld) {
      const before = results.length;
      const entry = entryOf(plan, index);
      const together = { steps: quick, preamble, entry, lock, releases: isLast(quick.length) };
      await runTogether(database, client, plan, together, context, results);
      done = index + results.length - before;
      if (index < done) return;
    }
    const go = (release?: SchemaLock) => runStep(database, client, plan, step, preamble, context, release);
    const result = isDatabaseWide(step, plan.schema)
      ? await context.oneByOne(() => {
          if (context.stop.aborted) throw new Refusal([stepsLeft(plan, index)]);
          return withDatabaseLock(client, plan.schema, context, go);
        })
      : await go(isLast(1) ? lock : undefined);
    results.push(result);
    context.pace.note(step, result.durationMs);
    done = index + 1;
  };
  const named = (direction: Step["direction"]) =>
    plan.steps.filter((step) => step.direction === direction).map((step) => step.revision);
  const [downs, ups] = [named("down"), named("up")];
  const umzug = new Umzug({
    migrations: plan.steps.map((step) => ({ name: step.revision, up: () => run(step), down: () => run(step) })),
    // Of the ledger what the plan takes back; a step's own transaction writes its entry, so umzug has nothing left to log.
    storage: { executed: async () => downs, logMigration: async () => {}, unlogMigration: async () => {} },
    logger: undefined,
  });
  try {
    if (downs.length > 0) await umzug.down({ migrations: downs });
    if (ups.length > 0) await umzug.up({ migrations: ups });
  } catch (error) {
    throw error instanceof MigrationError ? error.cause : error;
  }
}

/** True where a plan's first step can share a message, with the taking of the lock as well. */
export function beginsTogether(plan: Plan, pace: Pace): boolean {
  return quickSteps(plan, 0, pace).length > 0;
}

/** The steps from an index on that may share a message: in transactions of their own, and known to be quick. */
function quickSteps({ schema, steps, onNothing }: Plan, index: number, pace: Pace): readonly Step[] {
  const ahead = steps.slice(index);
  const alone = ahead.findIndex((step) => !canShare(step, schema));
  const alike = alone < 0 ? ahead : ahead.slice(0, alone);
  // What any other script put into the schema can be much.
  const stillNothing = onNothing && steps.slice(0, index).every(({ script }) => isQuickOnNothing(script));
  return alike.slice(0, pace.together(alike, stillNothing));
}

/** The number of a step's entry, where each step before it has made just one. */
function entryOf({ schema, entries, steps }: Plan, index: number): number | undefined {
  return steps.slice(0, index).every((step) => canShare(step, schema)) ? entries + index + 1 : undefined;
}

function canShare(step: Step, schema: string): boolean {
  const { mode, code } = step.script;
  return mode === "transaction" && !code && !step.snapshot && !isDatabaseWide(step, schema);
}

function stepsLeft(plan: Plan, index: number): Problem {
  const { schema, steps } = plan;
  return { code: "steps-left", schema, at: standing(plan, index), left: steps.length - index, of: steps.length };
}
