import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EmbeddedServer } from "../toolchain/embedded-postgres.ts";
import { createDatabase, settle } from "./server.ts";
import type { Job, Measured, Tool } from "./tool.ts";
import { verify } from "./verify.ts";
import type { Chain, Stage, Workload } from "./workloads.ts";

/** One measured run of a tool. */
export type Sample<M extends Measured = Measured> = M & {
  readonly workload: Workload;
  readonly n: number;
  readonly tool: string;
};

/** Where journeys take place. */
export interface Ground {
  readonly server: EmbeddedServer;
  readonly folder: string;
  /** Schemas worked on at once, where a tool can. */
  readonly concurrency: number;
}

/** One tool on its way through a chain, in a database and a folder of its own. */
export interface Journey {
  readonly chain: Chain;
  /**
   * Takes the tool through a stage and compares what it left with what it should be. Undefined where the workload is not the
   * tool's.
   *
   * @param run how the clock runs; a way of its own goes through a proxy
   */
  readonly go: <M extends Measured>(stage: Stage, run: (job: Job) => Promise<M>) => Promise<Sample<M> | undefined>;
}

/** A ground on this server, for the callback. */
export async function withGround<T>(
  server: EmbeddedServer,
  concurrency: number,
  callback: (ground: Ground) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  try {
    return await callback({ server, folder, concurrency });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Makes what a tool needs for its way through a chain. */
export async function beginJourney(
  { server, concurrency, ...ground }: Ground,
  chain: Chain,
  tool: Tool,
): Promise<Journey> {
  const { n, schemas, migrations } = chain;
  const folder = await mkdtemp(join(ground.folder, "tool-"));
  const connection = await createDatabase(server, schemas);
  const at = new Map(schemas.map((schema) => [schema, 0]));
  const go: Journey["go"] = async ({ workload, to, ...stage }, run) => {
    const names = schemas.slice(0, stage.schemas);
    const moved = names.map((name) => ({ name, from: at.get(name) ?? 0 }));
    const job: Job = { connection, schemas: moved, migrations, to, folder, concurrency };
    await tool.prepare(job);
    await settle(connection);
    const measured = await run(job);
    await verify(connection, names, migrations, to);
    for (const name of names) at.set(name, to);
    return tool.workloads.includes(workload) ? { ...measured, workload, n, tool: tool.name } : undefined;
  };
  return { chain, go };
}
