import { randomUUID } from "node:crypto";
import { hostname, userInfo } from "node:os";
import type { dynamic } from "@pulumi/pulumi";
import { runFleet } from "../fleet/run-fleet.ts";
import { readHistory } from "../history/read-history.ts";
import { BASE, compareIds } from "../history/revision.ts";
import { currentRevision, type Ledger } from "../plan/ledger.ts";
import { withDatabase } from "../postgres/connection.ts";
import { readLedgers } from "../postgres/ledger-table.ts";
import { refuseIfAny } from "../problem.ts";
import { errorText, holderText } from "../problem-text.ts";
import { engineLog } from "./engine-log.ts";
import { PartialFailure, partial, shown, shownByRead } from "./failure.ts";
import {
  desiredRevision,
  desiredRevisions,
  InputsShape,
  type Outputs,
  OutputsShape,
  type Raw,
  wishes,
} from "./inputs.ts";
import { outputs } from "./outputs.ts";
import { planAll, refuseChangedFolder } from "./plan-all.ts";
import { lossText } from "./report.ts";
import { resultTable } from "./result-table.ts";

/** What the provider's methods do. Here Pulumi's shapes end: everything is parsed and handed on. */

/** Schemas migrated at once. */
const CONCURRENCY = 4;

/** How long a server that was lost is waited for: a restart or a failover takes less. */
const RECOVERY_MS = 60_000;

/** The engine's stand-in for a value that a preview cannot know (pulumi: runtime/rpc.ts, unknownValue). */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Computes the desired state from files alone, so that the same files always give the same plan. */
export function check(_olds: unknown, news: Raw): dynamic.CheckResult {
  if (Object.values(news).includes(UNKNOWN)) return { inputs: { ...news, revisions: UNKNOWN, head: UNKNOWN } };
  try {
    const inputs = InputsShape.omit({ revisions: true, head: true }).parse(news);
    const history = readHistory(inputs.migrations);
    return { inputs: { ...news, revisions: desiredRevisions(history, inputs), head: history.at(-1)?.id ?? BASE } };
  } catch (error) {
    return { inputs: news, failures: [{ property: "", reason: errorText(error) }] };
  }
}

/** Changes where a schema is not where it should be; all other changes of the inputs the engine finds by itself. */
export function diff(_id: string, olds: unknown, news: Raw): dynamic.DiffResult {
  const state = OutputsShape.safeParse(olds);
  const inputs = InputsShape.safeParse(news);
  if (!state.success || !inputs.success) return {};
  const ids = Object.keys(inputs.data.revisions).sort(compareIds);
  const moves = inputs.data.schemas.some((schema) => {
    const desired = desiredRevision(inputs.data, ids, schema);
    return desired !== undefined && desired !== state.data.current[schema];
  });
  return moves ? { changes: true } : {};
}

/** Migrates the schemas of a new resource; what is already applied in them is adopted. */
export async function create(news: Raw): Promise<dynamic.CreateResult> {
  const id = randomUUID();
  return { id, outs: await migrate(id, news, undefined) };
}

/** Migrates the schemas to the new inputs. */
export async function update(id: string, olds: Raw, news: Raw): Promise<dynamic.UpdateResult> {
  const state = OutputsShape.safeParse(olds);
  return { outs: await migrate(id, news, state.success ? state.data : undefined) };
}

/** Asks the ledgers where the schemas are, so that a preview starts from the truth. */
export async function read(id: string, props: unknown): Promise<dynamic.ReadResult> {
  try {
    const state = OutputsShape.parse(props);
    return { id, props: { ...state, current: await readCurrent(state) } };
  } catch (error) {
    throw shownByRead(error);
  }
}

async function migrate(id: string, news: Raw, olds: Outputs | undefined): Promise<Outputs> {
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

async function readCurrent({ connection, current, applied }: Outputs): Promise<Outputs["current"]> {
  const ledgers = await withDatabase(connection, 1, (database) =>
    database.withClient((client) => readLedgers(client, Object.keys(current))),
  );
  return Object.fromEntries(ledgers.map((ledger) => [ledger.schema, standing(ledger, applied)]));
}

/** Where a schema is. One that is not whole is nowhere that a target could be, so that the next plan looks at it. */
function standing(ledger: Ledger, known: readonly string[]): string {
  const current = currentRevision(ledger);
  const there = new Set(ledger.applied.map((row) => row.revision));
  if (ledger.applied.some((row) => row.interrupted)) return `${current} (interrupted)`;
  if (known.some((id) => compareIds(id, current) < 0 && !there.has(id))) return `${current} (with gaps)`;
  return current;
}
