import { expect, test } from "vitest";
import type { SchemaResult } from "../../src/fleet/run-schema.ts";
import { resultTable } from "../../src/pulumi/result-table.ts";

/** Steps whose durations in ms are given, one after the other. */
function moved(schema: string, durations: readonly number[]): SchemaResult {
  const steps = durations.map((durationMs, index) => ({
    revision: `${String(index + 1).padStart(4, "0")}_r`,
    direction: "up" as const,
    durationMs,
  }));
  return { schema, from: "base", to: steps.at(-1)?.revision ?? "base", steps, problems: [] };
}

test("a few schemas are told each with their own times, those that did not move not at all", () => {
  expect(resultTable([moved("a", [10, 1_234.5]), moved("b", []), moved("c", [20, 3])])).toMatchInlineSnapshot(`
    "schema  before  after     time
    a       base    0002_r    1.2 s
                    ↑ 0001_r  10 ms
                    ↑ 0002_r  1.2 s
    c       base    0002_r    23 ms
                    ↑ 0001_r  20 ms
                    ↑ 0002_r  3 ms"
  `);
});

/** A schema of which the first revisions were taken over. */
function takenOver(schema: string, recorded: number, durations: readonly number[]): SchemaResult {
  const { steps, ...rest } = moved(schema, durations);
  return { ...rest, steps: steps.map((step, index) => (index < recorded ? { ...step, recorded: true } : step)) };
}

test("what was recorded without running it says so, in one line", () => {
  expect(resultTable([takenOver("a", 3, [2, 1, 1, 20]), takenOver("b", 1, [2])])).toMatchInlineSnapshot(`
    "schema  before  after              time
    a       base    0004_r             24 ms
                    = 0001_r … 0003_r  recorded, not run
                    ↑ 0004_r           20 ms
    b       base    0001_r             2 ms
                    = 0001_r           recorded, not run"
  `);
});

test("what was recorded is told also where a screen has room for the longest steps only", () => {
  const lines = resultTable([takenOver("a", 50, Array(100).fill(3))]).split("\n");
  expect(lines[2]?.trim()).toMatch(/^= 0001_r … 0050_r +recorded, not run$/);
  expect(lines.length).toBeLessThanOrEqual(42);
});

test("many schemas that went the same way are one, with the middle time and the longest", () => {
  const results = Array.from({ length: 11 }, (_, index) => moved(`t${index}`, [index, 10 * index]));
  expect(resultTable(results)).toMatchInlineSnapshot(`
    "11 schemas moved, 22 steps
    schema              before  after     time
    11 schemas (t0, …)  base    0002_r    55 ms, at most 110 ms
                                ↑ 0001_r  5 ms, at most 10 ms
                                ↑ 0002_r  50 ms, at most 100 ms"
  `);
});

test("a few schemas of many steps are one as well where a screen has no room for each", () => {
  expect(resultTable(["a", "b", "c"].map((schema) => moved(schema, Array(13).fill(4))))).toMatch(/^a, b, c .*52 ms/m);
});

test("of more steps than a screen has room for, the longest are told, and how long the others took", () => {
  const durations = Array.from({ length: 100 }, (_, index) => (index % 25 === 3 ? 1_000 + index : 0.5));
  const lines = resultTable([moved("a", durations)]).split("\n");
  expect(lines.length).toBeLessThanOrEqual(41);
  expect(lines.filter((line) => / s$/.test(line)).map((line) => line.trim().split(/ {2,}/))).toEqual([
    ["a", "base", "0100_r", "4.2 s"],
    ["↑ 0004_r", "1.0 s"],
    ["↑ 0029_r", "1.0 s"],
    ["↑ 0054_r", "1.1 s"],
    ["↑ 0079_r", "1.1 s"],
  ]);
  expect(lines.at(-1)?.trim()).toMatch(/^… \d+ steps … +\d+ ms$/);
});

test("nothing is lost between the lines: with what is told together they are all steps", () => {
  const durations = Array.from({ length: 60 }, (_, index) => (index * 7) % 60);
  const lines = resultTable([moved("a", durations)])
    .split("\n")
    .slice(2);
  const told = lines.map((line) => Number(/… (\d+) step/.exec(line)?.[1] ?? 1));
  expect(told.reduce((sum, each) => sum + each, 0)).toBe(60);
  const ms = lines.map((line) => Number(/(\d+) ms$/.exec(line)?.[1]));
  expect(ms.reduce((sum, each) => sum + each, 0)).toBe((59 * 60) / 2);
});
