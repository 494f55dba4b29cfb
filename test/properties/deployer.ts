import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Answer, DeployTask } from "./deploy-process.ts";

/** A process that deploys, and another one in its place when it was killed. */
export interface Deployer {
  /** Undefined where it was killed before it answered. Rejects where it failed by itself. */
  readonly deploy: (task: DeployTask) => Promise<Answer | undefined>;
  /** SIGKILL; resolves when the process is gone. */
  readonly kill: () => Promise<void>;
}

export async function withDeployer<T>(callback: (deployer: Deployer) => Promise<T>): Promise<T> {
  let current = start();
  // Starting takes longer than deploying: the next one waits already.
  let next = start();
  try {
    return await callback({
      deploy: (task) => current.deploy(task),
      kill: async () => {
        const victim = current;
        current = next;
        next = start();
        await victim.kill();
      },
    });
  } finally {
    await Promise.all([current.kill(), next.kill()]);
  }
}

function start(): Deployer {
  const script = join(import.meta.dirname, "deploy-process.ts");
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", script],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  child.stdin.on("error", () => {});
  const exited = once(child, "exit");
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    deploy: async (task) => {
      child.stdin.write(`${JSON.stringify(task)}\n`);
      const { done, value } = await answers.next();
      if (!done) return JSON.parse(value);
      await exited;
      if (child.signalCode !== "SIGKILL") throw new Error(`the deploying process ended with ${child.exitCode}`);
      return undefined;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
