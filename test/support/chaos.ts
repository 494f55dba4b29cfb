import { setTimeout as sleep } from "node:timers/promises";
import type { SchemaResult } from "../../src/fleet/run-schema.ts";
import { type EmbeddedServer, withEmbeddedPostgres } from "../../toolchain/embedded-postgres.ts";
import type { TestDatabase } from "./database.ts";
import { type FleetProcess, startFleet } from "./fleet.ts";
import { disagreements, type MarkedRevision, markedHistory, markedScripts } from "./marked-history.ts";
import { up, wish } from "./migrate.ts";
import { ledgerRows } from "./objects.ts";
import { databaseOn, ourBackends, terminateOurs } from "./own-server.ts";
import { advisoryLocks } from "./sessions.ts";

export interface ChaosOptions {
  /** Decides every choice; the moments within a run remain the machine's. */
  readonly seed: number;
  readonly rounds: number;
  /** No round begins after that. */
  readonly seconds: number;
  readonly log: (line: string) => void;
}

export interface ChaosReport {
  readonly rounds: number;
  /** Rounds in which something was killed before its run had ended by itself. */
  readonly struck: number;
  /** What did not hold; empty where all did. */
  readonly broken: readonly string[];
}

const SCHEMAS = ["chaos_1", "chaos_2", "chaos_3", "chaos_4"];
const VICTIMS = ["process", "process", "backend", "backend", "server"] as const;

const REVISIONS: readonly MarkedRevision[] = [
  { id: "0001_first", kind: "transaction" },
  { id: "0002_index", kind: "concurrently" },
  { id: "0003_slow", kind: "transaction", sleep: 0.05 },
  { id: "0004_quick", kind: "transaction" },
  { id: "0005_index", kind: "concurrently" },
  { id: "0006_index", kind: "concurrently" },
  { id: "0007_slow", kind: "transaction", sleep: 0.05 },
  { id: "0008_last", kind: "transaction" },
];
const history = markedHistory(REVISIONS);
const TARGETS = ["base", ...REVISIONS.map(({ id }) => id), "0008_last", "0008_last"];

/** More steps than most runs take, so that some kills come too late: that has to hold too. */
const LATEST_STEP = 16;
/** Longer than a slow script, so that a kill may strike within a step, at its end or in one that follows. */
const LATEST_MS = 70;
const ENDS_WITHIN_MS = 60_000;

/**
 * Kills, round for round, something at a random moment of one or two runs that go up and down in several schemas, on a
 * server of its own. After each: ledger and structure agree, no lock is left, and the next run gets where it should.
 */
export function chaos({ seed, rounds, seconds, log }: ChaosOptions): Promise<ChaosReport> {
  return withEmbeddedPostgres(async (server) => {
    const database = databaseOn(server);
    const random = randomFrom(seed);
    const end = performance.now() + seconds * 1_000;
    for (const schema of SCHEMAS) await database.query(`CREATE SCHEMA ${schema}`);
    let struck = 0;
    let count = 0;
    while (count < rounds && performance.now() < end) {
      count += 1;
      const round = choose(random);
      const told = `round ${count}: ${describeRound(round)}`;
      const { inside, broken } = await play(server, database, round).catch(thrown);
      if (broken.length > 0) return { rounds: count, struck, broken: [told, ...broken] };
      if (inside) struck += 1;
      log(`${told}${inside ? "" : " (too late)"}`);
    }
    return { rounds: count, struck, broken: [] };
  });
}

/** All that is decided before a round begins. */
interface Round {
  readonly victim: (typeof VICTIMS)[number];
  /** How many steps of the first process have begun before, and how many ms ago the last of them has. */
  readonly afterSteps: number;
  readonly afterMs: number;
  /** Of each process: the targets by schema, and how many schemas at once. */
  readonly runs: readonly { readonly targets: Targets; readonly concurrency: number }[];
  /** Where the next run, which nobody disturbs, goes. */
  readonly next: Targets;
}

type Targets = Readonly<Record<string, string>>;

/** A number from 0 up to, but not including, 1. */
type Random = () => number;

function choose(random: Random): Round {
  const targets = () => Object.fromEntries(SCHEMAS.map((schema) => [schema, pick(random, TARGETS)]));
  return {
    victim: pick(random, VICTIMS),
    afterSteps: Math.floor(random() * LATEST_STEP),
    afterMs: Math.floor(random() * LATEST_MS),
    runs: Array.from({ length: pick(random, [1, 1, 2]) }, () => ({
      targets: targets(),
      concurrency: pick(random, [1, 2, 4]),
    })),
    next: targets(),
  };
}

function describeRound({ victim, afterSteps, afterMs, runs, next }: Round): string {
  const places = (targets: Targets) => Object.values(targets).join(" ");
  return `${victim} ${afterMs} ms after ${afterSteps} steps of ${runs.map(({ targets }) => places(targets)).join(" and ")}; then ${places(next)}`;
}

interface Outcome {
  /** Whether a run was still under way when it was struck. */
  readonly inside: boolean;
  readonly broken: readonly string[];
}

async function play(server: EmbeddedServer, database: TestDatabase, round: Round): Promise<Outcome> {
  const runs = round.runs.map((run) =>
    startFleet({ connection: database.connection, scripts: markedScripts(REVISIONS), waitMs: 20_000, ...run }),
  );
  try {
    await Promise.all(runs.map((run) => run.ready));
    const [first] = runs;
    const ended = first?.results.then(() => true);
    await first?.steps(round.afterSteps);
    const late = await Promise.race([ended, sleep(round.afterMs).then(() => false)]);
    await kill(round.victim, runs, server, database);
    const results = await inTime(Promise.all(runs.map((run) => run.results)));
    const broken = [...(await unsettled(database)), ...(await untruths(database, results))];
    return { inside: !late, broken: broken.length > 0 ? broken : await nextRuns(database, round.next) };
  } finally {
    for (const run of runs) await run.kill();
  }
}

async function kill(
  victim: Round["victim"],
  runs: readonly FleetProcess[],
  server: EmbeddedServer,
  database: TestDatabase,
): Promise<void> {
  if (victim === "process") await runs[0]?.kill();
  else if (victim === "server") await server.restart();
  else await terminateOurs(database);
}

/** What does not hold when all has ended. */
async function unsettled(database: TestDatabase): Promise<readonly string[]> {
  const deadline = performance.now() + ENDS_WITHIN_MS;
  while ((await ourBackends(database)).length > 0) {
    if (performance.now() > deadline) return ["a session outlived its process"];
    await sleep(10);
  }
  const locks = await advisoryLocks(database);
  const found: string[] = [];
  for (const schema of SCHEMAS) found.push(...(await disagreements(database, schema, REVISIONS)));
  return locks > 0 ? [`${locks} advisory locks are left`, ...found] : found;
}

/** Where a lone run says that it brought a schema somewhere, and the ledger does not. */
async function untruths(
  database: TestDatabase,
  results: readonly (readonly SchemaResult[] | undefined)[],
): Promise<readonly string[]> {
  const [lone, ...others] = results;
  if (!lone || others.length > 0) return [];
  return misplaced(database, Object.fromEntries(lone.filter(isDone).map(({ schema, to }) => [schema, to])));
}

function isDone({ problems }: SchemaResult): boolean {
  return problems.length === 0;
}

/** Runs that nobody disturbs: what was interrupted outside a transaction is finished on its way, then all get everywhere. */
async function nextRuns(database: TestDatabase, targets: Targets): Promise<readonly string[]> {
  const finished = await undisturbed(database, await ends(database));
  return finished.length > 0 ? finished : undisturbed(database, targets);
}

async function undisturbed(database: TestDatabase, targets: Targets): Promise<readonly string[]> {
  const wishes = Object.fromEntries(
    Object.entries(targets).map(([schema, target]) => [schema, wish(history, { target })]),
  );
  const results = await inTime(up(database.connection, wishes));
  const stopped = results.flatMap(({ schema, problems }) =>
    problems.map((problem) => `${schema}: the next run stopped: ${JSON.stringify(problem)}`),
  );
  return [
    ...stopped,
    ...(stopped.length > 0 ? [] : await misplaced(database, targets)),
    ...(await unsettled(database)),
  ];
}

/** Where each interrupted script was going. To turn around in the middle of one is for a person to decide. */
async function ends(database: TestDatabase): Promise<Targets> {
  const places: Record<string, string> = {};
  for (const schema of SCHEMAS) {
    const last = (await ledgerRows(database, schema).catch(() => [])).at(-1);
    const [, revision, state] = last?.split(" ") ?? [];
    const at = REVISIONS.findIndex(({ id }) => id === revision);
    if (state === "applying") places[schema] = revision ?? "base";
    if (state === "reverting") places[schema] = REVISIONS[at - 1]?.id ?? "base";
  }
  return places;
}

async function misplaced(database: TestDatabase, places: Targets): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const [schema, place] of Object.entries(places)) {
    const rows = await ledgerRows(database, schema).catch(() => []);
    const wanted = place === "base" ? 0 : REVISIONS.findIndex(({ id }) => id === place) + 1;
    if (rows.length !== wanted) wrong.push(`${schema}: should be at ${place}, but its ledger is ${rows.join(", ")}`);
  }
  return wrong;
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const late = sleep(ENDS_WITHIN_MS, undefined, { ref: false }).then(() => {
    throw new Error(`a run did not end within ${ENDS_WITHIN_MS / 1_000} s`);
  });
  return Promise.race([work, late]);
}

function thrown(error: unknown): Outcome {
  return { inside: true, broken: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T;
}

/** The same numbers for the same seed (mulberry32). */
function randomFrom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
