import type { EmbeddedServer } from "../toolchain/embedded-postgres.ts";
import { beginJourney, type Journey, type Sample, withGround } from "./journey.ts";
import type { Tool } from "./tool.ts";
import { type Chain, fleetChain, historyChain } from "./workloads.ts";

/** A chain, and how often each tool goes through it. */
export interface Bout {
  readonly chain: Chain;
  readonly times: number;
  /** For those that take minutes where the others take seconds. */
  readonly slowTimes: number;
  /** Only these tools; undefined is all. */
  readonly only?: readonly string[];
}

/** Each tool once, on few schemas: that the benchmark itself still works. */
export function quickBouts(): readonly Bout[] {
  return [fleetChain(20), historyChain()].map((chain) => ({ chain, times: 1, slowTimes: 1 }));
}

/** A tool with a process for each schema takes a quarter of an hour for a thousand. */
export const SLOW_UP_TO = 200;

/**
 * The fewer schemas, the more often: all of it takes about a quarter of an hour.
 *
 * @param huge also what takes long: the slow tools on many schemas, and 10,000 of them for ours
 */
export function fullBouts(sizes: readonly number[], huge: boolean): readonly Bout[] {
  const fleets = sizes.map((n) => ({
    chain: fleetChain(n),
    times: n <= 20 ? 5 : 3,
    slowTimes: n <= 20 ? 2 : n <= SLOW_UP_TO || huge ? 1 : 0,
  }));
  const ten = fleetChain(10_000);
  const upAndNoOp = { ...ten, stages: ten.stages.filter(({ workload }) => workload !== "W4") };
  return [
    { chain: historyChain(), times: 5, slowTimes: 2 },
    ...fleets,
    ...(huge ? [{ chain: upAndNoOp, times: 1, slowTimes: 0, only: ["ours"] }] : []),
  ];
}

/**
 * Runs the bouts, the tools taking turns: what else the machine does at a moment hits all alike. All take their first stage
 * before one takes its second: the last one deletes, and creating is slow for minutes after that (see createDatabase).
 */
export function runBouts(
  server: EmbeddedServer,
  bouts: readonly Bout[],
  tools: readonly Tool[],
  concurrency: number,
  onSample: (sample: Sample) => void,
): Promise<readonly Sample[]> {
  return withGround(server, concurrency, async (ground) => {
    const turns = bouts.flatMap((bout) => turnsOf(bout, tools));
    const journeys = new Map<Turn, Journey>();
    const samples: Sample[] = [];
    for (let index = 0; turns.some(({ chain }) => index < chain.stages.length); index += 1) {
      for (const turn of turns) {
        const { chain, tool } = turn;
        const stage = chain.stages[index];
        if (!stage) continue;
        const journey = journeys.get(turn) ?? (await beginJourney(ground, chain, tool));
        journeys.set(turn, journey);
        const sample = await journey.go(stage, tool.run);
        if (!sample) continue;
        onSample(sample);
        samples.push(sample);
      }
    }
    return samples;
  });
}

/** One tool in one round of a bout. */
interface Turn {
  readonly chain: Chain;
  readonly tool: Tool;
}

/** Each round begins with another tool. */
function turnsOf({ chain, times, slowTimes, only }: Bout, tools: readonly Tool[]): readonly Turn[] {
  const takesPart = (tool: Tool, round: number) =>
    round < (tool.slow ? slowTimes : times) &&
    only?.includes(tool.name) !== false &&
    chain.stages.some(({ workload }) => tool.workloads.includes(workload));
  return Array.from({ length: times }, (_, round) => {
    const first = round % tools.length;
    const inTurn = [...tools.slice(first), ...tools.slice(0, first)];
    return inTurn.filter((tool) => takesPart(tool, round)).map((tool) => ({ chain, tool }));
  }).flat();
}
