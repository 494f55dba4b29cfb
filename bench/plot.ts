import { dot, frame, line, plot, selectLast, text } from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Row } from "./rows.ts";
import { WORKLOADS } from "./workloads.ts";

/** Median seconds over the number of schemas, both logarithmic: one panel a workload, one line a tool. Returns SVG. */
export function plotOf(rows: readonly Row[]): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const points = rows
    .filter(({ workload }) => rows.some((row) => row.workload === workload && row.n > 1))
    .map(({ workload, n, tool, seconds }) => ({
      workload: `${workload}: ${WORKLOADS[workload]}`,
      n,
      tool,
      seconds: seconds[1],
    }));
  const at = { x: "n", y: "seconds", z: "tool", fx: "workload" } as const;
  const svg = plot({
    document,
    width: 1_400,
    height: 520,
    marginRight: 90,
    grid: true,
    x: { type: "log", label: "schemas" },
    y: { type: "log", label: "seconds" },
    fx: { label: null },
    marks: [
      frame({ stroke: "lightgray" }),
      line(points, { ...at, stroke: "tool" }),
      dot(points, { ...at, fill: "tool" }),
      text(points, selectLast({ ...at, text: "tool", fill: "tool", textAnchor: "start", dx: 6 })),
    ],
  });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("style", "background: white; color: black");
  return `${svg.outerHTML}\n`;
}
