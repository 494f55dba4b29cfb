import { join } from "node:path";
import type { Tool } from "../tool.ts";
import { ALL } from "../workloads.ts";
import { inProcess } from "./node-process.ts";

/** The loop that a team writes by hand. */
export function umzug(): Tool {
  return {
    name: "umzug loop",
    what: "umzug over `pg`, as many sessions at once as ours, each migration a BEGIN, the script, its row, COMMIT. Counted inside the process.",
    workloads: ALL,
    slow: false,
    prepare: async () => {},
    run: (job) => inProcess(join(import.meta.dirname, "umzug-process.ts"), job),
  };
}
