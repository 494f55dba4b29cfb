import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { execa } from "execa";
import { onTestFinished } from "vitest";
import type { Connection } from "../../src/postgres/connection.ts";
import { installTools } from "../../toolchain/install.ts";
import { type Outcome, PASSPHRASE, pgVariables, type TestProject } from "./project.ts";

/** A `pulumi up` under way. */
export interface CliProcess {
  readonly killCli: () => Promise<void>;
  /** Kills the process that runs the dynamic provider. */
  readonly killProvider: () => Promise<void>;
  readonly outcome: Promise<Outcome>;
}

/** Starts `pulumi up` on a stack of the project, to be killed; its server is reached as the connection says. */
export async function startUp(project: TestProject, connection: Connection, stack: string): Promise<CliProcess> {
  const tools = await installTools();
  const args = ["up", "--yes", "--skip-preview", "--non-interactive", "--color=never", "--suppress-progress"];
  const child = execa(tools.pulumi, [...args, "--stack", stack], {
    cwd: project.folder,
    env: {
      ...tools.env,
      ...pgVariables(connection),
      PULUMI_BACKEND_URL: `file://${join(project.folder, ".state")}`,
      PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
    },
    all: true,
    reject: false,
    stdin: "ignore",
  });
  const cli = child.pid;
  if (cli === undefined) throw new Error("pulumi did not start");
  return {
    killCli: async () => {
      // Of what it started, the provider does not notice, finishes its work and then stays: it is ended here.
      const provider = await providerOf(cli);
      onTestFinished(() => {
        if (isAlive(provider)) process.kill(provider, "SIGKILL");
      });
      process.kill(cli, "SIGKILL");
      await child;
    },
    killProvider: async () => {
      process.kill(await providerOf(cli), "SIGKILL");
    },
    outcome: child.then(({ exitCode, all }) => ({ exitCode, output: all })),
  };
}

async function providerOf(cli: number): Promise<number> {
  const started = await descendants(cli);
  const provider = started.find(({ args }) => /^\S*node \S*dynamic-provider/.test(args));
  if (!provider) throw new Error(`no dynamic provider among\n${started.map(({ args }) => args).join("\n")}`);
  return provider.pid;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly args: string;
}

async function allProcesses(): Promise<readonly Process[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-ww", "-o", "pid=,ppid=,args="]);
  return stdout.split("\n").flatMap((line) => {
    const [, pid, parent, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return args === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), args }];
  });
}

/** What a process has started, and what that has. */
async function descendants(pid: number): Promise<readonly Process[]> {
  const all = await allProcesses();
  const below = (parent: number): readonly Process[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)]);
  return below(pid);
}
