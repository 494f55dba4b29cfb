import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { libpq } from "../server.ts";
import { type Job, type Tool, timed } from "../tool.ts";
import { ALL } from "../workloads.ts";

/**
 * The floor: psql runs the same scripts in the same transactions and records nothing. One psql process a worker, which is fed
 * one file for its share of the schemas, so that neither process starts nor sign-ins count against it.
 */
export async function psql(processes: number): Promise<Tool> {
  const { exitCode } = await execa("psql", ["--version"], { reject: false });
  return {
    name: `floor, ${processes} psql`,
    what: `${processes} psql process${processes > 1 ? "es" : ""} at once, each fed with one file; no ledger, no locks. The whole processes.`,
    missing: exitCode === 0 ? undefined : "psql is not on the PATH",
    // Without a record it cannot notice that there is nothing to do.
    workloads: ALL.filter((workload) => workload !== "W2"),
    slow: false,
    prepare: (job) => writeShares(job, processes),
    run: (job) => timed(() => Promise.all(shares(job, processes).map((_, index) => feed(job, index)))),
  };
}

function shares({ schemas }: Job, processes: number): readonly Job["schemas"][] {
  const all = Array.from({ length: processes }, (_, worker) =>
    schemas.filter((_, index) => index % processes === worker),
  );
  return all.filter((share) => share.length > 0);
}

async function writeShares(job: Job, processes: number): Promise<void> {
  for (const [index, share] of shares(job, processes).entries()) {
    await writeFile(file(job, index), share.flatMap(({ name, from }) => scripts(job, name, from)).join(""));
  }
}

function scripts({ migrations, to }: Job, schema: string, from: number): readonly string[] {
  const texts =
    from <= to
      ? migrations.slice(from, to).map(({ up }) => up)
      : migrations
          .slice(to, from)
          .toReversed()
          .map(({ down }) => down);
  return texts.map((text) => `BEGIN;\nSET LOCAL search_path TO ${schema};\n${text}COMMIT;\n`);
}

async function feed(job: Job, worker: number): Promise<void> {
  const args = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null", `--file=${file(job, worker)}`];
  await execa("psql", args, { env: libpq(job.connection), stdin: "ignore" });
}

function file({ folder }: Job, worker: number): string {
  return join(folder, `worker-${worker}.sql`);
}
