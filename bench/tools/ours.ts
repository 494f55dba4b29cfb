import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readHistory } from "../../src/history/read-history.ts";
import { makeSnapshot } from "../../src/snapshot/make-snapshot.ts";
import { writeSnapshot } from "../../src/snapshot/snapshot-file.ts";
import type { Job, Tool } from "../tool.ts";
import { ALL } from "../workloads.ts";
import { withEngine } from "./engine.ts";
import { inProcess } from "./node-process.ts";

/** The work inside of a `pulumi up`: the code that the resource's provider runs, in a process of its own. */
export function ours(): Tool {
  return {
    name: "ours",
    what: "the work inside `pulumi up`: the provider's methods as the engine calls them, check and create; for a no-op refresh, check and diff. Counted inside the process, its modules loaded.",
    workloads: ALL,
    slow: false,
    prepare: ({ migrations, folder }) => writeMigrations(folder, migrations),
    run: (job) => withEngine((address) => inProcess(join(import.meta.dirname, "ours-process.ts"), job, address)),
  };
}

/** The same with a snapshot, which a team makes once for each release. */
export function oursWithSnapshot(): Tool {
  return {
    ...ours(),
    name: "ours, snapshot",
    what: "the same with `snapshot` on: the structure from the committed snapshot, all revisions recorded. Counted inside the process.",
    workloads: ["W5"],
    prepare: async ({ migrations, folder, connection }) => {
      await writeMigrations(folder, migrations);
      const history = readHistory(join(folder, "migrations"));
      const { snapshot, sql } = await makeSnapshot(connection, history, SETTINGS);
      writeSnapshot(join(folder, "migrations"), history, snapshot, sql);
    },
  };
}

const SETTINGS = { searchPath: [], lockTimeoutMs: 5_000, statementTimeoutMs: 0 };

/** Writes a folder of migrations as this project has them. */
export async function writeMigrations(folder: string, migrations: Job["migrations"]): Promise<void> {
  await mkdir(join(folder, "migrations"), { recursive: true });
  for (const { id, up, down } of migrations) {
    await writeFile(join(folder, "migrations", `${id}.up.sql`), up);
    await writeFile(join(folder, "migrations", `${id}.down.sql`), down);
  }
}
