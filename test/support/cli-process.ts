import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { execa } from "execa";
import type { Connection } from "../../src/postgres/connection.ts";
import { projectFolder } from "../../toolchain/install/layout.ts";
import { installTools } from "../../toolchain/install.ts";
import { type Outcome, PASSPHRASE, pgVariables, type TestProject } from "./project.ts";

/** A `pulumi up` under way. */
export interface CliProcess {
  readonly killCli: () => Promise<void>;
  /** SIGINT to the CLI alone; resolves when it has said so. */
  readonly interrupt: () => Promise<void>;
  /** Resolves when the provider's process is gone. */
  readonly providerEnded: () => Promise<void>;
  /** Kills the process that runs the dynamic provider. */
  readonly killProvider: () => Promise<void>;
  readonly outcome: Promise<Outcome>;
}

/** A `pulumi up` in a terminal of its own. */
export interface TerminalProcess {
  /** The key, as the terminal gives it to whoever is in its foreground; resolves when the CLI has said that it got it. */
  readonly ctrlC: () => Promise<void>;
  readonly outcome: Promise<Outcome>;
}

/** True where script(1) of util-linux can give a command a terminal. */
export const hasTerminals = (await execa("script", ["--version"], { reject: false })).stdout?.includes("util-linux");

const UP = ["up", "--yes", "--skip-preview", "--color=never"];

async function environment(project: TestProject, connection: Connection) {
  return {
    ...(await installTools()).env,
    ...pgVariables(connection),
    PULUMI_BACKEND_URL: `file://${join(project.folder, ".state")}`,
    PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
  };
}

/** Starts `pulumi up`, or the project's own `npm run pulumi -- up`, as a person does. */
export async function startInTerminal(
  project: TestProject,
  connection: Connection,
  stack: string,
  command: "pulumi" | "npm run pulumi --",
): Promise<TerminalProcess> {
  const start = command === "pulumi" ? (await installTools()).pulumi : command;
  const line = `stty cols 200; exec ${start} --cwd '${project.folder}' ${UP.join(" ")} --stack ${stack}`;
  const child = execa("script", ["--quiet", "--return", "--command", line, "/dev/null"], {
    cwd: projectFolder,
    env: { ...(await environment(project, connection)), TERM: "xterm" },
    all: true,
    reject: false,
  });
  const heard = listen(child.all);
  return {
    ctrlC: async () => {
      child.stdin.write("\u0003");
      await heard("^C received");
    },
    outcome: child.then(({ exitCode, all }) => ({ exitCode, output: all })),
  };
}

/** Resolves when a process has printed something. */
function listen(output: NodeJS.ReadableStream): (text: string) => Promise<void> {
  let printed = "";
  output.on("data", (text) => {
    printed += text;
  });
  return async (text) => {
    while (!printed.includes(text)) await sleep(20);
  };
}

/** Starts `pulumi up` on a stack of the project, to be killed; its server is reached as the connection says. */
export async function startUp(project: TestProject, connection: Connection, stack: string): Promise<CliProcess> {
  const { pulumi } = await installTools();
  const child = execa(pulumi, [...UP, "--non-interactive", "--suppress-progress", "--stack", stack], {
    cwd: project.folder,
    env: await environment(project, connection),
    all: true,
    reject: false,
    stdin: "ignore",
  });
  const cli = child.pid;
  if (cli === undefined) throw new Error("pulumi did not start");
  const heard = listen(child.all);
  let provider: number | undefined;
  return {
    killCli: async () => {
      provider = await providerOf(cli);
      process.kill(cli, "SIGKILL");
      await child;
    },
    interrupt: async () => {
      provider = await providerOf(cli);
      process.kill(cli, "SIGINT");
      await heard("^C received");
    },
    providerEnded: async () => {
      if (provider === undefined) throw new Error("no provider was seen");
      while (isAlive(provider)) await sleep(20);
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
