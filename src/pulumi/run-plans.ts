import { randomUUID } from "node:crypto";
import { Progress } from "../fleet/progress.ts";
import { type FleetResult, runFleet } from "../fleet/run-fleet.ts";
import type { Wish } from "../fleet/run-schema.ts";
import { Sayings } from "../fleet/sayings.ts";
import { isRelative } from "../history/target.ts";
import { type Plan, stepName } from "../plan/plan.ts";
import type { Database } from "../postgres/database.ts";
import { sessionsFor } from "../postgres/free-sessions.ts";
import { holderText, problemText } from "../problem-text.ts";
import { actor } from "./actor.ts";
import type { EngineLog } from "./engine-log.ts";
import { isLaterWave, wavesOf } from "./fleet-notes.ts";
import type { Inputs } from "./inputs.ts";

/** How long a server that was lost is waited for: a restart or a failover takes less. */
const RECOVERY_MS = 60_000;

/** Waits for other runs that stay in the log: who holds a lock has to be found there afterwards. Of a fleet the first few. */
const WAITS_TOLD = 3;

/** Runs the plans that hold steps, telling how far it is and in the end what they said; a schema that is where it should be costs nothing. */
export async function runPlans(
  database: Database,
  inputs: Inputs,
  asked: ReadonlyMap<string, Wish>,
  plans: readonly Plan[],
  log: EngineLog,
  stop: AbortSignal,
): Promise<FleetResult> {
  const moving = new Map(plans.filter((plan) => plan.steps.length > 0).map((plan) => [plan.schema, plan]));
  if (moving.size === 0) return { results: [], held: [] };
  // From here on a step like -2 is the place where it leads: counted again after a failure, it would lead further. All others
  // stay as they were said: to name a revision is to ask for what is beyond it to be taken back, and `head` never does.
  const settled = new Map(
    [...moving].flatMap(([schema, plan]) => {
      const wish = asked.get(schema);
      if (!wish) return [];
      const target = isRelative(wish.target) ? plan.to : wish.target;
      return [[schema, { ...wish, target, plan }] as const];
    }),
  );
  const waves = wavesOf(inputs, plans);
  const progress = new Progress(moving.size, waves.length);
  let waits = 0;
  const tell = (text: string) => log.status(`${progress}${text}`);
  const sessions = await sessionsFor(database, inputs.connection, inputs.concurrency);
  const concurrency = Math.min(moving.size, sessions);
  const sayings = new Sayings();
  const result = await runFleet(database, settled, {
    run: { id: randomUUID(), actor: actor() },
    settings: inputs,
    concurrency,
    waves,
    goesOn: isLaterWave(inputs, plans),
    wavePauseMs: inputs.wavePauseMs,
    waveCheck: inputs.waveCheck,
    onFailure: inputs.onFailure,
    failureLimit: inputs.failureLimit,
    waitMs: inputs.waitTimeoutMs,
    recoveryMs: RECOVERY_MS,
    stop,
    onWave: (index) => progress.beginWave(index),
    onResult: (result) => {
      progress.note(result);
      if (moving.size > 1) tell(`${result.schema}: ${result.problems.length > 0 ? "failed" : "done"}`);
    },
    onStep: (plan, step, index) =>
      tell(`${plan.schema}: ${step.direction} ${stepName(step)} (${index + 1} of ${plan.steps.length})`),
    onRetry: (plan, step, blocker) =>
      tell(`${plan.schema}: ${step.revision} gave way to ${holderText(blocker)} and tries again`),
    onSaid: (schema, text) => sayings.note(schema, text),
    onSnapshotUnused: (problem) => void log.warn(problemText(problem)),
    onWait: (schema, holder) => {
      const text = `${schema}: waiting for ${holderText(holder)}`;
      waits += 1;
      if (waits <= WAITS_TOLD) void log.info(text);
      else tell(text);
    },
  });
  const said = sayings.toString();
  if (said !== "") await log.info(said);
  return result;
}
