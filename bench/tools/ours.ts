import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Job, Tool } from "../tool.ts";
import { withEngine } from "./engine.ts";
import { inProcess } from "./node-process.ts";

/** The work inside of a `pulumi up`: the code that the resource's provider runs, in a process of its own. */
export function ours(): Tool {
  return {
    name: "ours",
    what: "the work inside `pulumi up`: the provider's methods as the engine calls them, check and create; for a no-op refresh, check and diff. Counted inside the process.",
    knowsHead: true,
    slow: false,
    prepare: ({ migrations, folder }) => writeMigrations(folder, migrations),
    run: (job) => withEngine((address) => inProcess(join(import.meta.dirname, "ours-process.ts"), job, address)),
  };
}

/** Writes a folder of migrations as this project has them. */
export async function writeMigrations(folder: string, migrations: Job["migrations"]): Promise<void> {
  await mkdir(join(folder, "migrations"), { recursive: true });
  for (const { id, up, down } of migrations) {
    await writeFile(join(folder, "migrations", `${id}.up.sql`), up);
    await writeFile(join(folder, "migrations", `${id}.down.sql`), down);
  }
}
