import { cpus } from "node:os";
import type { NetworkRow } from "./network.ts";
import type { Row } from "./rows.ts";
import { SETTINGS } from "./server.ts";
import type { Tool } from "./tool.ts";
import type { WholeUp } from "./whole-up.ts";
import { WORKLOADS, type Workload } from "./workloads.ts";

/** All that a run found; `latest.json` as it stands. */
export interface Results {
  readonly rows: readonly Row[];
  /** Tools that were not run, or not on all sizes, and why. */
  readonly leftOut: readonly { readonly tool: string; readonly why: string }[];
  readonly network: readonly NetworkRow[];
  readonly wholeUp: readonly WholeUp[];
  readonly about: {
    readonly date: string;
    readonly postgresql: string;
    readonly settings: typeof SETTINGS;
    readonly concurrency: number;
    readonly processor: string;
    readonly cores: number;
  };
}

/** What the numbers were measured on. */
export function aboutRun(postgresql: string, concurrency: number): Results["about"] {
  const processors = cpus();
  return {
    date: new Date().toISOString(),
    postgresql,
    settings: SETTINGS,
    concurrency,
    processor: processors[0]?.model ?? "unknown",
    cores: processors.length,
  };
}

/** The results for people, as Markdown. */
export function reportOf({ rows, leftOut, network, wholeUp, about }: Results, tools: readonly Tool[]): string {
  const settings = Object.entries(about.settings).map(([name, value]) => `${name} = ${value}`);
  const sections = [
    "# Benchmarks",
    `${about.date.slice(0, 10)}, PostgreSQL ${about.postgresql} on the same machine (${about.cores} cores, ${about.processor}), ${settings.join(", ")}, all else its defaults. ` +
      `Schemas at once, where a tool can: ${about.concurrency}. Each tool in a database of its own, schemas made before the clock starts, ` +
      "before each run its database vacuumed, written out and in the machine's memory, the structure of every schema compared afterwards.",
    ...(Object.keys(WORKLOADS) as readonly Workload[]).flatMap((workload) => workloadSection(workload, rows)),
    "## What is run, and what the clock counts",
    tools.map(({ name, what }) => `- **${name}**: ${what}`).join("\n"),
    ...(leftOut.length > 0 ? ["## Left out", leftOut.map(({ tool, why }) => `- **${tool}**: ${why}.`).join("\n")] : []),
    "## Over a network",
    "The same through a proxy that counts, and once more with each round trip 1 ms longer.",
    markdown(
      ["workload", "N", "tool", "round trips a schema", "statements a schema", "seconds", "with 1 ms more"],
      network.map((row) => [
        row.workload,
        `${row.n}`,
        row.tool,
        row.roundTripsPerSchema.toFixed(1),
        row.statementsPerSchema.toFixed(1),
        row.seconds.toFixed(2),
        row.secondsWithDelay.toFixed(2),
      ]),
    ),
    "## The whole command",
    "`pulumi` from its start to its end, against a program with one dynamic resource that does nothing.",
    markdown(
      ["command", "N", "seconds", "empty program", "more", "ratio"],
      wholeUp.flatMap((one) =>
        one.rows.map(({ command, n, seconds, emptySeconds }) => [
          command,
          `${n}`,
          seconds.toFixed(2),
          emptySeconds.toFixed(2),
          (seconds - emptySeconds).toFixed(2),
          (seconds / emptySeconds).toFixed(2),
        ]),
      ),
    ),
    wholeUp
      .map((one) => `The state holds ${Math.round(one.stateBytesPerSchema)} bytes a schema (N = ${one.rows[0]?.n}).`)
      .join("\n"),
  ];
  return `${sections.join("\n\n")}\n`;
}

function workloadSection(workload: Workload, rows: readonly Row[]): readonly string[] {
  const own = rows.filter((row) => row.workload === workload);
  if (own.length === 0) return [];
  const lines = own.map(({ n, tool, seconds, ratioToFloor, peakMiB }) => [
    `${n}`,
    tool,
    ...seconds.map((value) => value.toFixed(value < 1 ? 3 : 2)),
    ratioToFloor?.toFixed(2) ?? "",
    peakMiB === undefined ? "" : `${peakMiB}`,
  ]);
  const heads = ["N", "tool", "least s", "median s", "most s", "x floor", "peak MiB"];
  return [`## ${workload}: ${WORKLOADS[workload]}`, markdown(heads, lines)];
}

function markdown(heads: readonly string[], lines: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
