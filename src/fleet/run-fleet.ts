import { setTimeout as pause } from "node:timers/promises";
import pLimit from "p-limit";
import { planner } from "../plan/planner.ts";
import type { SnapshotUnused } from "../plan/snapshot.ts";
import { checkWave } from "../postgres/check-wave.ts";
import type { Database } from "../postgres/database.ts";
import { Pace } from "../postgres/pace.ts";
import type { Problem } from "../problem.ts";
import { runSchema, type SchemaOptions, type SchemaResult, type Wish, withoutSnapshot } from "./run-schema.ts";

export interface FleetOptions extends Omit<SchemaOptions, "onFailed" | "plan" | "pace" | "oneByOne"> {
  /** Schemas worked on at once; each takes one session. */
  readonly concurrency: number;
  /** Which schemas go together; each wave starts only when the one before is whole. */
  readonly waves: readonly (readonly string[])[];
  /** True where the waves before these were done by an earlier run: the check holds the first of these as well. */
  readonly goesOn: boolean;
  /** Between two waves, in ms. */
  readonly wavePauseMs: number;
  /** A query that has to say true before the next wave starts. */
  readonly waveCheck?: string | undefined;
  readonly onFailure: "stop" | "continue";
  /** With `continue`: how many schemas may fail before no further one is started; 0 is no limit. */
  readonly failureLimit: number;
  readonly onWave: (index: number) => void;
  readonly onResult: (result: SchemaResult) => void;
}

/** What became of a fleet. */
export interface FleetResult {
  /** Of the schemas that were started, in their order. */
  readonly results: readonly SchemaResult[];
  /** Why a wave was not started, where it is no schema's failure. */
  readonly held: readonly Problem[];
}

/**
 * Brings each schema to its target, wave after wave. After a failure no further schema is started, or, with `continue`, the
 * rest of the wave goes on; those under way always finish. A failed wave is the last one. Stopped, each schema finishes the
 * step that it is at.
 */
export async function runFleet(
  database: Database,
  wishes: ReadonlyMap<string, Wish>,
  options: FleetOptions,
): Promise<FleetResult> {
  const results: SchemaResult[] = [];
  const runOne = schemaRunner(database, options);
  for (const [index, wave] of options.waves.entries()) {
    if (index > 0) await pause(options.wavePauseMs, undefined, { signal: options.stop }).catch(() => {});
    if (options.stop.aborted) break;
    if (index > 0 || options.goesOn) {
      const held = options.waveCheck === undefined ? [] : await checkWave(database, options.waveCheck);
      if (held.length > 0) return { results, held };
    }
    options.onWave(index);
    results.push(...(await runWave(runOne, wave, wishes, options)));
    if (results.some(failed)) break;
  }
  const isWhole = results.length === options.waves.flat().length && !results.some(failed);
  return { results, held: options.stop.aborted && !isWhole ? [{ code: "stopped" }] : [] };
}

type SchemaRunner = (schema: string, wish: Wish, onFailed: SchemaOptions["onFailed"]) => Promise<SchemaResult>;

/** Runs one schema after the other. A snapshot that failed once is not tried again: the others replay, and it is told once. */
function schemaRunner(database: Database, options: FleetOptions): SchemaRunner {
  const plan = planner();
  const pace = new Pace();
  const oneByOne = pLimit(1);
  let unused = false;
  const onSnapshotUnused = (problem: SnapshotUnused) => {
    if (!unused) options.onSnapshotUnused(problem);
    unused = true;
  };
  return (schema, wish, onFailed) =>
    runSchema(database, schema, unused ? withoutSnapshot(wish) : wish, {
      ...options,
      plan,
      pace,
      oneByOne,
      onSnapshotUnused,
      onFailed,
    });
}

async function runWave(
  runOne: SchemaRunner,
  schemas: readonly string[],
  wishes: ReadonlyMap<string, Wish>,
  options: FleetOptions,
): Promise<readonly SchemaResult[]> {
  const limit = pLimit(options.concurrency);
  let failures = 0;
  let stopped = false;
  // Not only with the result: asking where a failed schema stands takes longer than some other schemas altogether.
  const onFailed = (problems: readonly Problem[]) => {
    failures += 1;
    stopped ||= problems.some(isOfServer) || failures > allowedFailures(options);
  };
  const results = await limit.map(schemas, async (schema) => {
    const wish = wishes.get(schema);
    if (stopped || options.stop.aborted || !wish) return undefined;
    const result = await runOne(schema, wish, onFailed);
    options.onResult(result);
    return result;
  });
  return results.filter((result) => result !== undefined);
}

function failed({ problems }: SchemaResult): boolean {
  return problems.length > 0;
}

function allowedFailures({ onFailure, failureLimit }: FleetOptions): number {
  if (onFailure === "stop") return 0;
  return failureLimit === 0 ? Number.POSITIVE_INFINITY : failureLimit;
}

/** A server that is gone is gone for the others as well: each of them would wait for it in vain. */
function isOfServer({ code }: Problem): boolean {
  return code === "connection-lost" || code === "unreachable" || code === "no-session";
}
