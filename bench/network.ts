import type { EmbeddedServer } from "../toolchain/embedded-postgres.ts";
import { beginJourney, type Sample, withGround } from "./journey.ts";
import type { Measured, Tool } from "./tool.ts";
import { withTrafficProxy } from "./traffic-proxy.ts";
import { fleetChain, type Workload } from "./workloads.ts";

/** How much a tool talks, and what a network of 1 ms does to it. */
export interface NetworkRow {
  readonly workload: Workload;
  readonly n: number;
  readonly tool: string;
  readonly roundTripsPerSchema: number;
  readonly statementsPerSchema: number;
  /** Through a proxy on this machine. */
  readonly seconds: number;
  /** Through the same, a round trip being 1 ms longer. */
  readonly secondsWithDelay: number;
}

const DELAY_MS = 1;

/** Takes each tool through a fleet twice, through a proxy that counts: once as it is, once with a network in between. */
export async function measureNetwork(
  server: EmbeddedServer,
  n: number,
  tools: readonly Tool[],
  concurrency: number,
): Promise<readonly NetworkRow[]> {
  const rows: NetworkRow[] = [];
  for (const tool of tools) {
    const near = await through(server, n, tool, concurrency, 0);
    const far = await through(server, n, tool, concurrency, DELAY_MS);
    for (const { workload, seconds, roundTrips, statements } of near) {
      rows.push({
        workload,
        n,
        tool: tool.name,
        roundTripsPerSchema: roundTrips / n,
        statementsPerSchema: statements / n,
        seconds,
        secondsWithDelay: far.find((sample) => sample.workload === workload)?.seconds ?? Number.NaN,
      });
    }
  }
  return rows.toSorted((a, b) => a.workload.localeCompare(b.workload));
}

interface Counted extends Measured {
  readonly roundTrips: number;
  readonly statements: number;
}

function through(server: EmbeddedServer, n: number, tool: Tool, concurrency: number, delayMs: number) {
  return withGround(server, concurrency, async (ground) => {
    const chain = fleetChain(n);
    const journey = await beginJourney(ground, chain, tool);
    const samples: Sample<Counted>[] = [];
    for (const stage of chain.stages) {
      const sample = await journey.go<Counted>(stage, (job) =>
        withTrafficProxy(job.connection, delayMs, async (connection, traffic) => ({
          ...(await tool.run({ ...job, connection })),
          ...traffic,
        })),
      );
      if (sample) samples.push(sample);
    }
    return samples;
  });
}
