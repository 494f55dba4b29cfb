import type { Connection } from "../src/postgres/connection.ts";
import type { BenchMigration } from "./migrations.ts";
import type { Workload } from "./workloads.ts";

/** A schema and how many migrations it has when the clock starts. */
export interface SchemaAt {
  readonly name: string;
  readonly from: number;
}

/** What a tool is to do: bring schemas that exist to the first `to` migrations, up or down. */
export interface Job {
  readonly connection: Connection;
  readonly schemas: readonly SchemaAt[];
  readonly migrations: readonly BenchMigration[];
  readonly to: number;
  /** The tool's own folder, kept between the jobs of one database. */
  readonly folder: string;
  /** Schemas worked on at once, where a tool can. */
  readonly concurrency: number;
}

/** What a run took. */
export interface Measured {
  readonly seconds: number;
  /** The most memory that the process ever had, where it tells. */
  readonly peakMiB?: number;
}

/** One of those that are compared. */
export interface Tool {
  readonly name: string;
  /** What is run and what the clock counts, for the report. */
  readonly what: string;
  /** Why it cannot run here; undefined where it can. */
  readonly missing?: string | undefined;
  /** Those in which it takes part. What comes before them in a chain it does as well, without a clock. */
  readonly workloads: readonly Workload[];
  /** Too slow to be measured as often as the others. */
  readonly slow: boolean;
  /** Writes the migrations the way the tool wants them. The clock does not run. */
  readonly prepare: (job: Job) => Promise<void>;
  /** Does the job, the clock running. */
  readonly run: (job: Job) => Promise<Measured>;
}

/** The clock of a tool that is a command of its own: from its start to its end. */
export async function timed(work: () => Promise<unknown>): Promise<Measured> {
  const started = performance.now();
  await work();
  return { seconds: (performance.now() - started) / 1_000 };
}
