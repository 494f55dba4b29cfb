/** The work inside of a `pulumi up`: the provider's own methods, as the engine calls them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BASE } from "../../src/history/revision.ts";
import { check, create, diff, read } from "../../src/pulumi/handler.ts";
// Loaded before the clock starts, as all of Node is: what loading costs is in the figure of the whole command.
import "../../src/pulumi/migrate.ts";
import { snapshotFile } from "../../src/snapshot/snapshot-file.ts";
import { inputs } from "../../test/pulumi/build-inputs.ts";
import type { Job } from "../tool.ts";
import { measure } from "./node-process.ts";

await measure(async (job) => {
  const { inputs: news, failures } = check({}, asked(job));
  if (failures) throw new Error(failures[0]?.reason);
  if (job.schemas.some(({ from }) => from !== job.to)) await create(news);
  else await refresh(job, news);
});

function asked(job: Job) {
  return inputs({
    connection: job.connection,
    schemas: job.schemas.map(({ name }) => name),
    migrations: join(job.folder, "migrations"),
    target: targetOf(job),
    concurrency: job.concurrency,
    snapshot: existsSync(snapshotFile(join(job.folder, "migrations"))),
    lockTimeoutMs: 5_000,
    waitTimeoutMs: 60_000,
  });
}

/** Where nothing changes, the engine only asks where the schemas are, and whether that is where they should be. */
async function refresh(job: Job, news: Awaited<ReturnType<typeof check>>["inputs"]): Promise<void> {
  const { connection, schemas, migrations, to } = job;
  const current = { [targetOf(job)]: schemas.map(({ name }) => name) };
  const applied = migrations.slice(0, to).map(({ id }) => id);
  const { props } = await read("bench", { connection, current, pending: {}, applied, steps: {} });
  if (diff("bench", props, news).changes) throw new Error("it would not be a no-op");
}

function targetOf({ migrations, to }: Job): string {
  return migrations[to - 1]?.id ?? BASE;
}
