import { randomUUID } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { runFleet } from "../fleet/run-fleet.ts";
import { readHistory } from "../history/read-history.ts";
import { withDatabase } from "../postgres/connection.ts";
import { refuseIfAny } from "../problem.ts";
import { holderText } from "../problem-text.ts";
import { engineLog } from "./engine-log.ts";
import { PartialFailure, partial, shown } from "./failure.ts";
import { InputsShape, type Outputs, type Raw, wishes } from "./inputs.ts";
import { outputs } from "./outputs.ts";
import { planAll, refuseChangedFolder } from "./plan-all.ts";
import { lossText } from "./report.ts";
import { resultTable } from "./result-table.ts";

/** Schemas migrated at once. */
const CONCURRENCY = 4;

/** How long a server that was lost is waited for: a restart or a failover takes less. */
const RECOVERY_MS = 60_000;

/**
 * Plans all schemas, then migrates them: an up's own work.
 *
 * @param olds the state before, where there is one
 * @returns the state after
 * @throws PartialFailure where some schemas failed; an error whose text is for the user where nothing was changed
 */
export async function migrate(id: string, news: Raw, olds: Outputs | undefined): Promise<Outputs> {
  const inputs = InputsShape.parse(news);
  const log = engineLog(inputs.progressUrn);
  const run = { id: randomUUID(), actor: `${userInfo().username}@${hostname()}` };
  try {
    const history = readHistory(inputs.migrations);
    refuseChangedFolder(inputs, history);
    const asked = wishes(inputs, history, olds);
    const { plans, losses } = await planAll(inputs.connection, asked);
    // From here on a step like -2 is the place where it leads: counted again after a failure, it would lead further.
    const places = new Map(plans.map((plan) => [plan.schema, plan.to]));
    const settled = new Map(
      [...asked].map(([schema, wish]) => [schema, { ...wish, target: places.get(schema) ?? wish.target }]),
    );
    const missing = plans.filter((plan) => !plan.schemaExists);
    refuseIfAny(missing.map(({ schema }) => ({ code: "schema-missing", schema })));
    for (const loss of losses) await log.info(`${loss.schema}: drops ${lossText(loss)}`);
    // One session more than schemas at once, for the watch over slow steps.
    const results = await withDatabase(inputs.connection, CONCURRENCY + 1, (database) =>
      runFleet(database, settled, {
        run,
        settings: inputs,
        concurrency: CONCURRENCY,
        waitMs: inputs.waitTimeoutMs,
        recoveryMs: RECOVERY_MS,
        onStep: (plan, step, index) =>
          log.status(`${plan.schema}: ${step.direction} ${step.revision} (${index + 1} of ${plan.steps.length})`),
        onRetry: (plan, step, blocker) =>
          log.status(`${plan.schema}: ${step.revision} gave way to ${holderText(blocker)} and tries again`),
        onWait: (schema, holder) => log.status(`${schema}: waiting for ${holderText(holder)}`),
      }),
    );
    const outs = outputs(inputs, olds, history, results, places);
    if (results.some((result) => result.steps.length > 0)) await log.info(resultTable(results));
    const problems = results.flatMap((result) => result.problems);
    if (problems.length > 0) throw partial(id, news, outs, inputs.schemas.length, results);
    return outs;
  } catch (error) {
    throw error instanceof PartialFailure ? error : shown(error);
  }
}
