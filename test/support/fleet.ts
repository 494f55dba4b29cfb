import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { SchemaResult } from "../../src/fleet/run-schema.ts";
import type { FleetTask } from "./fleet-process.ts";

/** A run in a process of its own. */
export interface FleetProcess {
  /** Resolves when the process has started and begins its work, or has ended. */
  readonly ready: Promise<void>;
  /** Resolves when so many steps have begun in all its schemas, or the process has ended. */
  readonly steps: (count: number) => Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  readonly kill: () => Promise<void>;
  /** What it answered; undefined where it was killed before. Rejects where it failed by itself. */
  readonly results: Promise<readonly SchemaResult[] | undefined>;
}

/** Starts an up over several schemas in a process of its own. */
export function startFleet(task: FleetTask): FleetProcess {
  const script = join(import.meta.dirname, "fleet-process.ts");
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script, JSON.stringify(task)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const closed = once(output, "close").then(() => "closed");
  const printed = async (count: number) => {
    while (lines.length < count && (await Promise.race([once(output, "line"), closed])) !== "closed");
  };
  const results = Promise.all([text(child.stderr), ended, closed]).then(([error, [code]]) => {
    if (child.signalCode === "SIGKILL") return undefined;
    if (code !== 0) throw new Error(`the run's process ended with ${child.signalCode ?? code}:\n${error}`);
    return JSON.parse(lines.at(-1) ?? "") as readonly SchemaResult[];
  });
  results.catch(() => {});
  return {
    ready: printed(1),
    steps: (count) => printed(1 + count),
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
    results,
  };
}
