import type { EmbeddedServer } from "../toolchain/embedded-postgres.ts";
import { runChain, type Sample } from "./run-chain.ts";
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
    times: n <= 20 ? 5 : n <= 200 ? 3 : 2,
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
 * Runs the bouts, the tools taking turns: what else the machine does at a moment hits all alike. Each round begins with
 * another tool.
 */
export async function runBouts(
  server: EmbeddedServer,
  bouts: readonly Bout[],
  tools: readonly Tool[],
  concurrency: number,
  onSample: (sample: Sample) => void,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (const { chain, times, slowTimes, only } of bouts) {
    for (let round = 0; round < times; round += 1) {
      const first = round % tools.length;
      for (const tool of [...tools.slice(first), ...tools.slice(0, first)]) {
        if (round >= (tool.slow ? slowTimes : times) || only?.includes(tool.name) === false) continue;
        if (!chain.stages.some(({ workload }) => tool.workloads.includes(workload))) continue;
        const found = await runChain(server, chain, tool, concurrency, tool.run);
        for (const sample of found) onSample(sample);
        samples.push(...found);
      }
    }
  }
  return samples;
}
