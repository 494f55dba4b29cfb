import type { Sample } from "./journey.ts";
import { WORKLOADS, type Workload } from "./workloads.ts";

/** A line of the table, and of `latest.json`. */
export interface Row {
  readonly workload: Workload;
  readonly n: number;
  readonly tool: string;
  /** Least, median and most. */
  readonly seconds: readonly [number, number, number];
  /** The median against that of the floor at its best parallelism; null where there is no floor. */
  readonly ratioToFloor: number | null;
  /** The most memory that the process ever had, where the tool tells. */
  readonly peakMiB?: number;
}

/** The samples of each workload, size and tool together, in the order of the workloads. */
export function rowsOf(samples: readonly Sample[]): readonly Row[] {
  const groups = [...Map.groupBy(samples, ({ workload, n, tool }) => JSON.stringify([workload, n, tool])).values()];
  const rows = groups.map((group) => row(group));
  const order = Object.keys(WORKLOADS);
  const at = ({ workload, n }: Row) => order.indexOf(workload) * 1e9 + n;
  return rows.map((one) => ({ ...one, ratioToFloor: ratio(one, rows) })).toSorted((a, b) => at(a) - at(b));
}

function row(group: readonly Sample[]): Row {
  const [first] = group;
  if (!first) throw new Error("no samples");
  const { workload, n, tool } = first;
  const peaks = group.flatMap(({ peakMiB }) => peakMiB ?? []);
  const seconds = group.map((sample) => sample.seconds).toSorted((a, b) => a - b);
  return {
    workload,
    n,
    tool,
    seconds: [seconds[0] ?? Number.NaN, median(seconds), seconds.at(-1) ?? Number.NaN],
    ratioToFloor: null,
    ...(peaks.length > 0 && { peakMiB: Math.max(...peaks) }),
  };
}

/** Of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [left = Number.NaN, right = Number.NaN] = [sorted.at((sorted.length - 1) / 2), sorted.at(sorted.length / 2)];
  return (left + right) / 2;
}

function ratio({ workload, n, seconds }: Row, rows: readonly Row[]): number | null {
  const floors = rows.filter((one) => one.workload === workload && one.n === n && one.tool.startsWith("floor"));
  const best = Math.min(...floors.map((floor) => floor.seconds[1]));
  return Number.isFinite(best) ? seconds[1] / best : null;
}
