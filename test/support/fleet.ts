import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { SchemaResult } from "../../src/fleet/run-schema.ts";
import type { FleetTask } from "./fleet-process.ts";

/** A run in a process of its own. */
export interface FleetProcess {
  /** Resolves when the process has started and begins its work, or has ended. */
  readonly ready: Promise<void>;
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
  const ready = Promise.race([once(child.stdout, "data"), ended]).then(() => {});
  const output = Promise.all([text(child.stdout), text(child.stderr), ended]);
  const results = output.then(([out, error, [code]]) => {
    if (child.signalCode === "SIGKILL") return undefined;
    if (code !== 0) throw new Error(`the run's process ended with ${child.signalCode ?? code}:\n${error}`);
    return JSON.parse(out.slice(out.indexOf("\n"))) as readonly SchemaResult[];
  });
  results.catch(() => {});
  return {
    ready,
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
    results,
  };
}
