import { withOthers } from "../fleet/had-by-others.ts";
import { handOverAll } from "../fleet/hand-over-all.ts";
import { readHistory } from "../history/read-history.ts";
import { acceptedIds } from "../history/target.ts";
import { withDatabase } from "../postgres/database.ts";
import { mostSessions } from "../postgres/free-sessions.ts";
import { refuseIfAny } from "../problem.ts";
import { problemText } from "../problem-text.ts";
import { engineLog } from "./engine-log.ts";
import { PartialFailure, partial, shown } from "./failure.ts";
import { InputsShape, type Outputs, type Raw, wishes } from "./inputs.ts";
import { outputs } from "./outputs.ts";
import { planAll, refuseChangedFolder } from "./plan-all.ts";
import { lossTexts, unusedSnapshots } from "./report.ts";
import { resultTable } from "./result-table.ts";
import { runPlans } from "./run-plans.ts";
import { withStop } from "./stop.ts";

/**
 * Plans all schemas, then migrates them: an up's own work.
 *
 * @param olds the state before, where there is one
 * @returns the state after
 * @throws PartialFailure where some schemas failed, or the engine was asked to stop; an error whose text is for the user where nothing was changed
 */
export function migrate(id: string, news: Raw, olds: Outputs | undefined): Promise<Outputs> {
  return withStop((stop) => migrateUntil(stop, id, news, olds));
}

async function migrateUntil(stop: AbortSignal, id: string, news: Raw, olds: Outputs | undefined): Promise<Outputs> {
  const inputs = InputsShape.parse(news);
  const { connection } = inputs;
  const log = engineLog(inputs.progressUrn);
  try {
    const { history, plans, results, held } = await withDatabase(
      connection,
      mostSessions(connection, inputs.concurrency),
      async (database) => {
        const history = readHistory(inputs.migrations);
        refuseChangedFolder(inputs, history);
        const asked = wishes(inputs, history, olds);
        const { wishes: allowed, ...plan } = await planAll(database, connection, asked, inputs);
        refuseIfAny(plan.missingRoles.map((role) => ({ code: "role-missing", role })));
        for (const text of unusedSnapshots(plan.plans)) await log.warn(text);
        for (const problem of plan.sharedDrops) await log.warn(problemText(problem));
        for (const text of lossTexts(plan.losses)) await log.info(text);
        await handOverAll(database, plan.handOvers, inputs, stop);
        return { history, plans: plan.plans, ...(await runPlans(database, inputs, allowed, plan.plans, log, stop)) };
      },
    );
    const outs = outputs(inputs, olds, history, plans, results);
    if (results.some((result) => result.steps.length > 0)) await log.info(resultTable(results));
    if (held.length > 0 || results.some((result) => result.problems.length > 0)) {
      const moving = plans.filter((plan) => plan.steps.length > 0);
      const told = withOthers(results, plans, acceptedIds(history, inputs.acceptEdited));
      throw partial(id, news, outs, moving.length, told, held);
    }
    return outs;
  } catch (error) {
    throw error instanceof PartialFailure ? error : shown(error);
  }
}
