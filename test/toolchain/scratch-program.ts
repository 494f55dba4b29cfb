import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { projectFolder } from "../../toolchain/install/layout.ts";
import { installTools } from "../../toolchain/install.ts";

/** A throw-away Pulumi program with a stack of its own, run by the project's real CLI. */
export interface ScratchProgram extends AsyncDisposable {
  readonly folder: string;
  /** Runs `pulumi <args>` in it and waits for its end, whatever that is. */
  readonly pulumi: (...args: readonly string[]) => Promise<Ended>;
  /** Starts `pulumi <args>` in it as `npm run pulumi` does. */
  readonly start: (...args: readonly string[]) => Started;
}

export interface Ended {
  readonly exitCode: number | undefined;
  /** stdout and stderr, as they came. */
  readonly all: string;
}

export interface Started {
  readonly ended: Promise<Ended>;
  readonly kill: (signal: NodeJS.Signals) => boolean;
  /** Resolves when the output contains the text. */
  readonly says: (text: string) => Promise<void>;
}

export async function scratchProgram(
  source: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ScratchProgram> {
  const { pulumi: cli, env: toolEnv } = await installTools();
  const folder = mkdtempSync(join(tmpdir(), "scratch-program-"));
  writeFileSync(
    join(folder, "Pulumi.yaml"),
    "name: scratch\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.ts\n",
  );
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "index.ts"), source);
  symlinkSync(join(projectFolder, "node_modules"), join(folder, "node_modules"));
  mkdirSync(join(folder, "state"));
  const options = {
    cwd: folder,
    env: { ...toolEnv, ...env, PULUMI_BACKEND_URL: `file://${folder}/state`, PULUMI_CONFIG_PASSPHRASE: "test" },
    all: true,
    reject: false,
    stdin: "ignore",
  } as const;
  await execa(cli, ["stack", "init", "test"], { ...options, reject: true });
  return {
    folder,
    pulumi: (...args) => endOf(execa(cli, [...args, "--non-interactive"], options)),
    start: (...args) => {
      const launcher = [join(projectFolder, "toolchain/run.mjs"), join(projectFolder, "toolchain/pulumi.ts")];
      const running = execa("node", [...launcher, ...args, "--non-interactive"], options);
      const says = async (text: string): Promise<void> => {
        let seen = "";
        for await (const line of running.iterable({ from: "all" })) {
          seen += `${line}\n`;
          if (line.includes(text)) return;
        }
        throw new Error(`It ended without saying "${text}":\n${seen}`);
      };
      return { ended: endOf(running), kill: (signal) => running.kill(signal), says };
    },
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function endOf(running: PromiseLike<{ readonly exitCode?: number; readonly all: string }>): Promise<Ended> {
  const { exitCode, all } = await running;
  return { exitCode, all };
}
