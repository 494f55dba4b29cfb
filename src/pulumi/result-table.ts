import type { SchemaResult } from "../fleet/run-schema.ts";
import { plainTable } from "../plain-table.ts";
import type { StepResult } from "../postgres/run-step.ts";
import { count } from "../problem-text.ts";
import { fewSchemaNames } from "../schema-name.ts";
import { SCREEN_LINES } from "./step-texts.ts";

/**
 * Before and after of the schemas that moved, and the time of each step, as fully as a screen has room for: each schema of
 * its own, those that went the same way as one, or of the steps only the longest. What was recorded without running it says so
 * instead, in one line.
 */
export function resultTable(results: readonly SchemaResult[]): string {
  const all = results.filter((result) => result.steps.length > 0);
  const moved = all.map((result) => ({ ...result, steps: recordedAsOne(result.steps) }));
  const steps = moved.reduce((sum, result) => sum + result.steps.length, 0);
  const each = moved.map((result) => [result]);
  const areFew = moved.length <= MANY && moved.length + steps <= SCREEN_LINES;
  const groups = areFew ? each : [...Map.groupBy(moved, wayOf).values()];
  const stepsShown = groups.reduce((sum, [first]) => sum + (first?.steps.length ?? 0), 0);
  // Between any two that are shown, a line can say how many are not.
  const room = Math.max(0, Math.floor((SCREEN_LINES / groups.length - 2) / 2));
  const fits = groups.length + stepsShown <= SCREEN_LINES;
  const rows = groups.flatMap((group) => rowsOf(group, fits ? Number.POSITIVE_INFINITY : room));
  const table = plainTable([["schema", "before", "after", "time"], ...rows]);
  if (moved.length <= MANY) return table;
  // Pulumi shows a message's first line on the resource's own.
  const taken = all.reduce((sum, result) => sum + result.steps.length, 0);
  return `${count(moved.length, "schema")} moved, ${count(taken, "step")}\n${table}`;
}

/** Schemas told each on their own. */
const MANY = 10;

/** Those that were recorded one after the other become one, `first` to `revision`. */
function recordedAsOne(steps: readonly StepResult[]): readonly StepResult[] {
  const told: StepResult[] = [];
  for (const step of steps) {
    const before = told.at(-1);
    if (!step.recorded || !before?.recorded) told.push(step);
    else {
      const durationMs = before.durationMs + step.durationMs;
      told[told.length - 1] = { ...step, first: before.first ?? before.revision, durationMs };
    }
  }
  return told;
}

function wayOf({ from, to, steps }: SchemaResult): string {
  return JSON.stringify([from, to, steps.map((step) => [step.direction, step.first, step.revision, step.recorded])]);
}

type Row = readonly [schema: string, before: string, after: string, time: string];

/** @param room how many steps are shown at most: the longest */
function rowsOf(group: readonly SchemaResult[], room: number): readonly Row[] {
  const [first] = group;
  if (!first) return [];
  const head: Row = [
    fewSchemaNames(group.map((result) => result.schema)),
    first.from,
    first.to,
    timeOf(group.map(({ steps }) => steps.reduce((sum, step) => sum + step.durationMs, 0))),
  ];
  const timed = first.steps.map((step, index) => {
    const durations = group.flatMap(({ steps }) => steps[index]?.durationMs ?? []);
    return { step, durations, middle: middleOf(durations) };
  });
  const longest = timed.toSorted((one, other) => other.middle - one.middle).slice(0, room);
  const shown = new Set([...longest, ...timed.filter(({ step }) => step.recorded)]);
  const rows: Row[] = [head];
  let hidden: Timed[] = [];
  for (const [index, each] of timed.entries()) {
    if (!shown.has(each)) hidden.push(each);
    const next = timed[index + 1];
    if (hidden.length > 0 && (!next || shown.has(next))) {
      rows.push(hiddenRow(hidden));
      hidden = [];
    }
    if (shown.has(each)) rows.push(stepRow(each));
  }
  return rows;
}

/** A step, and how long it took in each schema of a group. */
interface Timed {
  readonly step: StepResult;
  readonly durations: readonly number[];
  readonly middle: number;
}

function stepRow({ step: { direction, first, revision, recorded }, durations }: Timed): Row {
  if (recorded) return ["", "", `= ${first === undefined ? "" : `${first} … `}${revision}`, "recorded, not run"];
  const what = first === undefined ? revision : `${first} … ${revision} from the snapshot`;
  return ["", "", `${direction === "up" ? "↑" : "↓"} ${what}`, timeOf(durations)];
}

function hiddenRow(hidden: readonly Timed[]): Row {
  const [only] = hidden;
  if (only && hidden.length === 1) return stepRow(only);
  return ["", "", `… ${count(hidden.length, "step")} …`, time(hidden.reduce((sum, { middle }) => sum + middle, 0))];
}

function middleOf(durations: readonly number[]): number {
  return durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)] ?? 0;
}

/** `22 ms`; of several the middle one and the longest. */
function timeOf(durations: readonly number[]): string {
  const middle = time(middleOf(durations));
  return durations.length > 1 ? `${middle}, at most ${time(Math.max(...durations))}` : middle;
}

function time(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
