import { randomUUID } from "node:crypto";
import { hostname, userInfo } from "node:os";
import type { dynamic } from "@pulumi/pulumi";
import { runFleet, type SchemaResult } from "../fleet/run-fleet.ts";
import { readHistory } from "../history/read-history.ts";
import { compareIds, type History } from "../history/revision.ts";
import { isRelative, targetOf } from "../history/target.ts";
import { currentRevision } from "../plan/ledger.ts";
import { withDatabase } from "../postgres/connection.ts";
import { readLedgers } from "../postgres/ledger-table.ts";
import { Refusal, refuseIfAny } from "../problem.ts";
import { count, errorText, holderText, problemText } from "../problem-text.ts";
import { engineLog } from "./engine-log.ts";
import {
  desiredRevision,
  desiredRevisions,
  type Inputs,
  InputsShape,
  type Outputs,
  OutputsShape,
  wishes,
} from "./inputs.ts";
import { planAll, refuseChangedFolder, refuseEdited } from "./plan-all.ts";
import { lossText } from "./report.ts";
import { resultTable } from "./result-table.ts";

/** What the provider's methods do. Here Pulumi's shapes end: everything is parsed and handed on. */

/** Properties as the engine hands them over; `__provider` among them is the provider's own text. */
type Raw = Readonly<Record<string, unknown>>;

/** Schemas migrated at once. */
const CONCURRENCY = 4;

/** The engine's stand-in for a value that a preview cannot know (pulumi: runtime/rpc.ts, unknownValue). */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Computes the desired state from files alone, so that the same files always give the same plan. */
export function check(_olds: unknown, news: Raw): dynamic.CheckResult {
  if (Object.values(news).includes(UNKNOWN)) return { inputs: { ...news, revisions: UNKNOWN } };
  try {
    const inputs = InputsShape.omit({ revisions: true }).parse(news);
    const revisions = desiredRevisions(readHistory(inputs.migrations), inputs);
    return { inputs: { ...news, revisions } };
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
  const state = OutputsShape.parse(props);
  try {
    const current = await readCurrent(state.connection, Object.keys(state.current));
    return { id, props: { ...state, current } };
  } catch (error) {
    throw shown(error);
  }
}

async function migrate(id: string, news: Raw, olds: Outputs | undefined): Promise<Outputs> {
  const inputs = InputsShape.parse(news);
  const log = engineLog(inputs.progressUrn);
  const history = readHistory(inputs.migrations);
  const run = { id: randomUUID(), actor: `${userInfo().username}@${hostname()}` };
  try {
    refuseChangedFolder(inputs, history);
    refuseEdited(inputs, olds);
    const asked = wishes(inputs, history, olds);
    const { plans, losses } = await planAll(inputs.connection, asked);
    const missing = plans.filter((plan) => !plan.schemaExists);
    refuseIfAny(missing.map(({ schema }) => ({ code: "schema-missing", schema })));
    for (const loss of losses) await log.info(`${loss.schema}: drops ${lossText(loss)}`);
    // One session more than schemas at once, for the watch over slow steps.
    const results = await withDatabase(inputs.connection, CONCURRENCY + 1, (database) =>
      runFleet(database, asked, {
        run,
        settings: inputs,
        concurrency: CONCURRENCY,
        waitMs: inputs.waitTimeoutMs,
        onStep: (plan, step, index) =>
          log.status(`${plan.schema}: ${step.direction} ${step.revision} (${index + 1} of ${plan.steps.length})`),
        onRetry: (plan, step, blocker) =>
          log.status(`${plan.schema}: ${step.revision} gave way to ${holderText(blocker)} and tries again`),
        onWait: (schema, holder) => log.status(`${schema}: waiting for ${holderText(holder)}`),
      }),
    );
    const outs = outputs(inputs, olds, history, results);
    if (results.some((result) => result.steps.length > 0)) await log.info(resultTable(results));
    const problems = results.flatMap((result) => result.problems);
    if (problems.length > 0) throw partial(id, news, outs, inputs.schemas.length, results);
    return outs;
  } catch (error) {
    throw error instanceof PartialFailure ? error : shown(error);
  }
}

function outputs(
  inputs: Inputs,
  olds: Outputs | undefined,
  history: History,
  results: readonly SchemaResult[],
): Outputs {
  const ids = Object.keys(inputs.revisions).sort(compareIds);
  const bySchema = new Map(results.map((result) => [result.schema, result]));
  const current = Object.fromEntries(
    inputs.schemas.map((schema) => [schema, bySchema.get(schema)?.to ?? olds?.current[schema] ?? "base"]),
  );
  const all = history.map((revision) => revision.id);
  const pending = inputs.schemas.flatMap((schema) => {
    const beyond = all.slice(all.indexOf(current[schema] ?? "") + 1);
    return beyond.length > 0 ? [[schema, beyond] as const] : [];
  });
  const highest = Math.max(...Object.values(current).map((revision) => ids.indexOf(revision)));
  const steps = inputs.schemas.flatMap((schema) => {
    const target = targetOf(inputs, schema);
    const taken = olds?.steps[schema];
    if (!isRelative(target)) return [];
    if (taken?.target === target) return [[schema, taken] as const];
    const result = bySchema.get(schema);
    return result && result.problems.length === 0 ? [[schema, { target, revision: result.to }] as const] : [];
  });
  return {
    connection: inputs.connection,
    current,
    pending: Object.fromEntries(pending),
    applied: Object.fromEntries(
      ids.slice(0, highest + 1).map((revision) => [revision, inputs.revisions[revision] ?? ""]),
    ),
    steps: Object.fromEntries(steps),
  };
}

async function readCurrent(connection: Outputs["connection"], schemas: readonly string[]): Promise<Outputs["current"]> {
  const ledgers = await withDatabase(connection, 1, (database) =>
    database.withClient((client) => readLedgers(client, schemas)),
  );
  return Object.fromEntries(ledgers.map((ledger) => [ledger.schema, currentRevision(ledger)]));
}

/**
 * A failure that keeps what was done: with an id, properties and reasons the engine records the state and tries the rest
 * at the next up (Pulumi: ErrorResourceInitFailed).
 */
class PartialFailure extends Error {
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

function partial(
  id: string,
  news: Raw,
  outs: Outputs,
  schemas: number,
  results: readonly SchemaResult[],
): PartialFailure {
  const failed = results.filter((result) => result.problems.length > 0);
  const left = schemas - results.length;
  const summary =
    `${failed.length} of ${count(schemas, "schema")} failed${left > 0 ? `, ${left} not started` : ""}. ` +
    "What was done is kept; the next up goes on from there.";
  const reasons = failed.flatMap((result) => result.problems).map(problemText);
  // The provider's own text goes along: Pulumi does not add it here, and later reads would lack it.
  return new PartialFailure(id, { ...outs, __provider: news.__provider }, [...reasons, summary]);
}

/** An error whose text is for the user; Pulumi prints a provider's stack where there is one. */
function shown(error: unknown): Error {
  const text = new Error(errorText(error));
  if (error instanceof Refusal) text.stack = "";
  return text;
}
