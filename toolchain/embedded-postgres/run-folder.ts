import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Whether a process runs and is the one meant: process ids are used again, so its command line must hold the random
 * token. (The command line of a process that has ended and was not yet waited for is empty.)
 */
export function isRunning(pid: number, token: string): boolean {
  try {
    return process.platform === "linux"
      ? readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(token)
      : execFileSync("ps", ["-ww", "-o", "command=", "-p", String(pid)], { encoding: "utf8" }).includes(token);
  } catch {
    return false;
  }
}

/** The lines of the server's own `postmaster.pid`: the process id first, the state in line 8; without a file, none. */
export const postmasterFile = async (dataDir: string): Promise<readonly string[]> =>
  (await readFile(join(dataDir, "postmaster.pid"), "utf8").catch(() => "")).split("\n");

/** Removes the runs in a folder that nobody watches any more, say after a power cut or the kill of a whole container. */
export async function removeLeftovers(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    // A run's folder is named `<token>.<watchdog's process id>`.
    const [, token, pid] = /^([0-9a-f]{16})\.(\d+)$/.exec(name) ?? [];
    if (token !== undefined && !isRunning(Number(pid), token)) await removeRun(join(root, name));
  }
}

/** Deletes a run's folder, after stopping the server that may still use it. */
export async function removeRun(run: string): Promise<void> {
  const pid = Number((await postmasterFile(join(run, "data")))[0]);
  const isAlive = () => pid > 0 && isRunning(pid, basename(run));
  if (isAlive()) {
    try {
      process.kill(pid, "SIGQUIT");
    } catch {} // it has just ended by itself
  }
  while (isAlive()) await sleep(10);
  // The retries are for processes of a crashed server that are still writing.
  await rm(run, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
