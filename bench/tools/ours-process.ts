/** The work inside of a `pulumi up`, as the handler does it, without Pulumi around it. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { runFleet } from "../../src/fleet/run-fleet.ts";
import { readHistory } from "../../src/history/read-history.ts";
import { BASE } from "../../src/history/revision.ts";
import { withDatabase } from "../../src/postgres/connection.ts";
import { check, diff, read } from "../../src/pulumi/handler.ts";
import { planAll } from "../../src/pulumi/plan-all.ts";
import type { Job } from "../tool.ts";
import { measure } from "./node-process.ts";

const SETTINGS = { searchPath: [], lockTimeoutMs: 5_000, statementTimeoutMs: 0 };

await measure((job) => (job.schemas.every(({ from }) => from === job.to) ? noOp(job) : migrate(job)));

async function migrate({ connection, schemas, migrations, to, folder, concurrency }: Job): Promise<void> {
  const history = readHistory(join(folder, "migrations"));
  const target = migrations[to - 1]?.id ?? BASE;
  const wishes = new Map(schemas.map(({ name }) => [name, { history, target, allowOutOfOrder: false }]));
  await planAll(connection, wishes);
  const results = await withDatabase(connection, concurrency + 1, (database) =>
    runFleet(database, wishes, {
      run: { id: randomUUID(), actor: "bench" },
      settings: SETTINGS,
      concurrency,
      waitMs: 60_000,
      recoveryMs: 60_000,
      onStep: () => {},
      onRetry: () => {},
      onWait: () => {},
    }),
  );
  const problems = results.flatMap((result) => result.problems);
  if (problems.length > 0) throw new Error(JSON.stringify(problems[0]));
}

/** What the engine asks of the provider when nothing changed: where the schemas are, and whether that is where they should be. */
async function noOp({ connection, schemas, migrations, to, folder }: Job): Promise<void> {
  const target = migrations[to - 1]?.id ?? BASE;
  const names = schemas.map(({ name }) => name);
  const asked = {
    ...SETTINGS,
    connection,
    schemas: names,
    migrations: join(folder, "migrations"),
    target,
    pins: {},
    allowOutOfOrder: false,
    waitTimeoutMs: 60_000,
    progressUrn: "",
  };
  const current = Object.fromEntries(names.map((name) => [name, target]));
  const applied = migrations.slice(0, to).map(({ id }) => id);
  const { props } = await read("bench", { connection, current, pending: {}, applied, steps: {} });
  const { inputs, failures } = check({}, asked);
  const { changes } = diff("bench", props, inputs);
  if (failures || changes) throw new Error(`not a no-op: ${JSON.stringify(failures)}`);
}
