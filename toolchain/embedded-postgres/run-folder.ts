import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * What became of a process. Process ids are used again, so its command line must hold the random token; `nameless` is
 * one without a command line: any process for a moment while it starts (or one of the kernel's).
 */
export function stateOf(pid: number, token: string): "running" | "nameless" | "gone" {
  try {
    const { command, state } = inspect(pid);
    if (command.includes(token)) return "running";
    return state !== "Z" && (command === "" || command.startsWith("(")) ? "nameless" : "gone";
  } catch {
    return "gone";
  }
}

// State Z (zombie): it has ended, but its parent has not asked yet. Without a command line, `ps` shows a name in brackets.
function inspect(pid: number): { readonly command: string; readonly state: string | undefined } {
  if (process.platform === "linux") {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return { command, state: /.*\) (.)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1] };
  }
  const line = execFileSync("ps", ["-ww", "-o", "state=,command=", "-p", String(pid)], { encoding: "utf8" }).trim();
  return { command: line.replace(/^\S+\s*/, ""), state: line[0] };
}

/** The lines of the server's own `postmaster.pid`: the process id first, the state in line 8; without a file, none. */
export const postmasterFile = async (dataDir: string): Promise<readonly string[]> =>
  (await readFile(join(dataDir, "postmaster.pid"), "utf8").catch(() => "")).split("\n");

/** Removes the runs in a folder that nobody watches any more, say after a power cut or the kill of a whole container. */
export async function removeLeftovers(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    // A run's folder is named `<token>.<watchdog's process id>`.
    const [, token, pid] = /^([0-9a-f]{16})\.(\d+)$/.exec(name) ?? [];
    if (token !== undefined && stateOf(Number(pid), token) === "gone") await removeRun(join(root, name));
  }
}

/** Deletes a run's folder, after stopping the server that may still use it. */
export async function removeRun(run: string): Promise<void> {
  const pid = Number((await postmasterFile(join(run, "data")))[0]);
  const isAlive = () => pid > 0 && stateOf(pid, basename(run)) === "running";
  if (isAlive()) {
    try {
      process.kill(pid, "SIGQUIT");
    } catch {} // it has just ended by itself
  }
  while (isAlive()) await sleep(10);
  // The retries are for processes of a crashed server that are still writing.
  await rm(run, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
