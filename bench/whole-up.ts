import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import type { EmbeddedServer } from "../toolchain/embedded-postgres.ts";
import { layoutIn } from "../toolchain/install/layout.ts";
import { installTools, type Tools } from "../toolchain/install.ts";
import { copyProject } from "../toolchain/project-copy.ts";
import { benchMigrations } from "./migrations.ts";
import { median } from "./rows.ts";
import { createDatabase, libpq, settle } from "./server.ts";
import { timed } from "./tool.ts";
import { writeMigrations } from "./tools/ours.ts";
import { fleetChain } from "./workloads.ts";

/** A whole command of the CLI, ours and that of an empty program: the medians. */
export interface UpRow {
  readonly command: Command;
  readonly n: number;
  readonly seconds: number;
  readonly emptySeconds: number;
}

export interface WholeUp {
  readonly rows: readonly UpRow[];
  /** What a schema adds to the stack's state. */
  readonly stateBytesPerSchema: number;
}

const COMMANDS = {
  "preview, 10 pending": { args: ["preview"], repeatable: true },
  "up, 10 pending": { args: ["up", "--yes", "--skip-preview"], repeatable: false },
  "up, nothing to do": { args: ["up", "--yes", "--skip-preview"], repeatable: true },
} as const;

type Command = keyof typeof COMMANDS;

const OURS = `
import { SchemaMigration } from "./src/pulumi/schema-migration.ts";
import { stackFleets } from "./src/pulumi/stack-config.ts";

for (const { name, listed, onDestroy, ...config } of await stackFleets()) new SchemaMigration(name, config);
`;

/** The same kind: one dynamic resource, whose provider does nothing. */
const EMPTY = `
import * as pulumi from "@pulumi/pulumi";

const provider = {
  async create() {
    return { id: "1", outs: {} };
  },
  async read(id, props) {
    return { id, props };
  },
};
class Nothing extends pulumi.dynamic.Resource {}
new Nothing(provider, "nothing", {});
`;

/** Runs the commands through the real CLI, ours and those of an empty program in turns, on schemas that exist: what can be repeated so many times. */
export async function measureWholeUp(server: EmbeddedServer, n: number, times: number): Promise<WholeUp> {
  const tools = await installTools();
  const { schemas } = fleetChain(n);
  const connection = await createDatabase(server, schemas);
  const [ours, empty] = [await program(tools, OURS), await program(tools, EMPTY)];
  try {
    const rows: UpRow[] = [];
    for (const command of Object.keys(COMMANDS) as readonly Command[]) {
      const { args, repeatable } = COMMANDS[command];
      const [emptySeconds, seconds]: [number[], number[]] = [[], []];
      for (let turn = 0; turn < (repeatable ? times : 1); turn += 1) {
        await settle(connection);
        emptySeconds.push(await empty.time(args, {}));
        seconds.push(await ours.time(args, libpq(connection)));
      }
      rows.push({ command, n, seconds: median(seconds), emptySeconds: median(emptySeconds) });
    }
    return { rows, stateBytesPerSchema: (ours.stateBytes() - empty.stateBytes()) / n };
  } finally {
    ours.remove();
    empty.remove();
  }
}

async function program(tools: Tools, source: string) {
  const folder = mkdtempSync(join(layoutIn().tools, "bench-"));
  // As a fleet of this size has it: nobody lists a thousand.
  copyProject(folder, { bench: ["tenant_*"] });
  rmSync(join(folder, "migrations"), { recursive: true });
  await writeMigrations(folder, benchMigrations(10));
  writeFileSync(join(folder, "index.ts"), source);
  mkdirSync(join(folder, ".state"));
  const env = {
    ...tools.env,
    PULUMI_BACKEND_URL: `file://${join(folder, ".state")}`,
    PULUMI_CONFIG_PASSPHRASE: "bench",
    // As `npm run pulumi` has it.
    NODE_COMPILE_CACHE: join(folder, ".compile-cache"),
  };
  const run = (args: readonly string[], more: Readonly<Record<string, string>>) =>
    execa(tools.pulumi, [...args, "--non-interactive"], { cwd: folder, env: { ...env, ...more }, stdin: "ignore" });
  await run(["stack", "init", "bench"], {});
  return {
    time: async (args: readonly string[], more: Readonly<Record<string, string>>) =>
      (await timed(() => run([...args, "--suppress-progress", "--stack", "bench"], more))).seconds,
    stateBytes: () => readFileSync(join(folder, ".state/.pulumi/stacks/schema-migrations/bench.json")).length,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
