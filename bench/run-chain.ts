import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EmbeddedServer } from "../toolchain/embedded-postgres.ts";
import { settle, withDatabaseOf } from "./server.ts";
import type { Job, Measured, Tool } from "./tool.ts";
import { verify } from "./verify.ts";
import type { Chain, Workload } from "./workloads.ts";

/** One measured run of a tool. */
export type Sample<M extends Measured = Measured> = M & {
  readonly workload: Workload;
  readonly n: number;
  readonly tool: string;
};

/**
 * Takes one tool through a chain in a database of its own; what each stage left is compared with what it should be.
 *
 * @param concurrency schemas worked on at once, where the tool can
 * @param run how the clock runs; a way of its own goes through a proxy
 */
export async function runChain<M extends Measured>(
  server: EmbeddedServer,
  chain: Chain,
  tool: Tool,
  concurrency: number,
  run: (job: Job) => Promise<M>,
): Promise<readonly Sample<M>[]> {
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  const { migrations } = chain;
  const samples: Sample<M>[] = [];
  try {
    await withDatabaseOf(server, "bench", chain.schemas, async (connection) => {
      const at = new Map(chain.schemas.map((schema) => [schema, 0]));
      for (const { workload, schemas, to } of chain.stages) {
        const names = chain.schemas.slice(0, schemas);
        const job: Job = {
          connection,
          schemas: names.map((name) => ({ name, from: at.get(name) ?? 0 })),
          migrations,
          to,
          folder,
          concurrency,
        };
        await tool.prepare(job);
        await settle(connection);
        const measured = await run(job);
        await verify(connection, names, migrations, to);
        if (tool.workloads.includes(workload)) samples.push({ ...measured, workload, n: chain.n, tool: tool.name });
        for (const name of names) at.set(name, to);
      }
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return samples;
}
