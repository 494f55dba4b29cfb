import type pg from "pg";
import { MigrationError, Umzug } from "umzug";
import { isDatabaseWide } from "../plan/once-a-database.ts";
import type { Plan, Step } from "../plan/plan.ts";
import { type Problem, Refusal } from "../problem.ts";
import { isQuickOnNothing } from "../script/plain.ts";
import { type HeldLock, withDatabaseLock } from "./advisory-lock.ts";
import type { Database } from "./connection.ts";
import type { Pace } from "./pace.ts";
import { preambleOf } from "./preamble.ts";
import { type ApplyContext, runStep, type StepResult } from "./run-step.ts";
import { runTogether } from "./run-together.ts";
import { standing } from "./step-problem.ts";

/**
 * Runs a plan's steps in their order, each whole or not at all (a script outside a transaction excepted, whose ledger
 * row says so). umzug is handed the explicit steps, never a target of its own: its `to` would revert one too many.
 *
 * @param applied revisions in the ledger that the plan was made from
 * @param lock the schema's, released together with the last step
 * @param results gets each step's result as it is done, so that a failure leaves what came before it
 * @throws Refusal step-failed, blocked or connection-lost; steps-left where it was stopped
 */
export async function applyPlan(
  database: Database,
  client: pg.ClientBase,
  plan: Plan,
  applied: readonly string[],
  lock: HeldLock,
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
    const releaseBehind = (count: number) => (index + count === plan.steps.length ? lock : undefined);
    const next = nextSteps(plan, index, context.pace);
    for (const [ahead, each] of next.entries()) onStep(each, index + ahead);
    if (next.length > 1) {
      const before = results.length;
      await runTogether(database, client, plan, next, preamble, context, releaseBehind(next.length), results);
      done = index + results.length - before;
      if (index < done) return;
    }
    const go = (release?: HeldLock) => runStep(database, client, plan, step, preamble, context, release);
    const result = isDatabaseWide(step)
      ? await withDatabaseLock(client, plan.schema, context, go)
      : await go(releaseBehind(1));
    results.push(result);
    context.pace.note(step, result.durationMs);
    done = index + 1;
  };
  const umzug = new Umzug({
    migrations: plan.steps.map((step) => ({ name: step.revision, up: () => run(step), down: () => run(step) })),
    // The step's own transaction writes the ledger row, so umzug has nothing left to log.
    storage: { executed: async () => [...applied], logMigration: async () => {}, unlogMigration: async () => {} },
    logger: undefined,
  });
  const named = (direction: Step["direction"]) =>
    plan.steps.filter((step) => step.direction === direction).map((step) => step.revision);
  try {
    await umzug.down({ migrations: named("down") });
    await umzug.up({ migrations: named("up") });
  } catch (error) {
    throw error instanceof MigrationError ? error.cause : error;
  }
}

/** The step at an index, with those behind it that share its message: in transactions of their own, and known to be quick. */
function nextSteps({ steps, onNothing }: Plan, index: number, pace: Pace): readonly Step[] {
  const ahead = steps.slice(index);
  const alone = ahead.findIndex((step) => !canShare(step));
  const alike = alone < 0 ? ahead : ahead.slice(0, Math.max(1, alone));
  // What any other script put into the schema can be much.
  const stillNothing = onNothing && steps.slice(0, index).every(({ script }) => isQuickOnNothing(script));
  return alike.slice(0, pace.together(alike, stillNothing));
}

function canShare(step: Step): boolean {
  const { mode, code } = step.script;
  return mode === "transaction" && !code && !step.snapshot && !isDatabaseWide(step);
}

function stepsLeft(plan: Plan, index: number): Problem {
  const { schema, steps } = plan;
  return { code: "steps-left", schema, at: standing(plan, index), left: steps.length - index, of: steps.length };
}
