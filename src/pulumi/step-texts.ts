import { type Plan, type Step, stepName } from "../plan/plan.ts";
import { count, indent } from "../problem-text.ts";
import { list } from "../problems/wording.ts";
import { describeStatement } from "../script/describe-statement.ts";
import type { Effect } from "../script/effect.ts";

/** What a terminal shows at once, with room for the rest of a report. */
export const SCREEN_LINES = 40;

/** Scripts up to this many lines are shown whole; the file has all of them. */
const SHORT_SCRIPT_LINES = 6;

/**
 * The steps of a plan, line by line, as fully as a screen has room for: in words and with their SQL, in words, or a line each. Of
 * more steps than that the middle is left out, but for those that drop something on the way up; a downgrade has said before what
 * it drops.
 */
export function stepTexts(steps: readonly Step[]): readonly string[] {
  const ways = [inWordsAndSql, inWords, inOneLine].map((way) => steps.flatMap(way));
  return ways.find((lines) => lines.length <= SCREEN_LINES) ?? shortened(steps);
}

/** What a step does, statement by statement. */
export function effectsOf(step: Step): readonly Effect[] {
  return step.script.statements.flatMap((statement) => describeStatement(statement.node, statement.sql));
}

/**
 * What no SQL file can hold of some plans: `0004_big, which is TypeScript and runs only in pulumi up`; undefined where that is
 * nothing.
 */
export function onlyInUp(plans: readonly Plan[]): string | undefined {
  const steps = plans.flatMap((plan) => plan.steps.filter(({ script }) => script.code));
  const revisions = [...new Set(steps.map(({ revision }) => revision))];
  if (revisions.length === 0) return undefined;
  return `${list(revisions)}, which ${revisions.length === 1 ? "is TypeScript and runs" : "are TypeScript and run"} only in pulumi up`;
}

function inWordsAndSql(step: Step): readonly string[] {
  const sql = step.script.sql.trim();
  const lines = sql.split("\n");
  if (isTold(step) || sql === "" || lines.length > SHORT_SCRIPT_LINES) return inWords(step);
  return [...inWords(step), ...indent(sql, "      | ").split("\n")];
}

function inWords(step: Step): readonly string[] {
  if (isTold(step)) return [titleOf(step)];
  const back = step.noWayBack === undefined ? "" : `, ${backText(step.noWayBack)}`;
  return [titleOf(step) + back, ...wordsOf(step).map((words) => `      ${words}`)];
}

/** With what it drops, or else with the first thing that it does. */
function inOneLine(step: Step): readonly string[] {
  if (isTold(step)) return [titleOf(step)];
  const words = wordsOf(step);
  const drops = dropsOf(step);
  const shown = drops.length > 0 ? drops : words.slice(0, 1);
  const more = words.length > shown.length ? `, and ${words.length - shown.length} more` : "";
  const back = step.noWayBack === undefined ? "" : `; ${backText(step.noWayBack)}`;
  return [`${titleOf(step)}: ${shown.join(", ")}${more}${back}`];
}

function backText(why: string): string {
  return `no way back: ${why}`;
}

function shortened(steps: readonly Step[]): readonly string[] {
  const half = SCREEN_LINES / 2;
  const isShown = (step: Step, index: number) =>
    index < half || index >= steps.length - half || dropsOf(step).length > 0;
  const lines: string[] = [];
  let hidden = 0;
  for (const [index, step] of steps.entries()) {
    const shown = isShown(step, index);
    if (shown && hidden > 0) lines.push(`  … ${count(hidden, "more step")} …`);
    if (shown) lines.push(...inOneLine(step));
    hidden = shown ? 0 : hidden + 1;
  }
  return lines;
}

/** True where the title says all: nothing runs, or what a snapshot's file holds. */
function isTold({ source }: Step): boolean {
  return source === "baseline" || source === "snapshot";
}

function titleOf(step: Step): string {
  const { script, direction, revision, source, resumes, snapshot } = step;
  if (source === "baseline") return `  = ${revision}, recorded without running it (baseline)`;
  if (snapshot) return `  ↑ ${stepName(step)} (${count(snapshot.rows.length, "revision")}), ${script.file}`;
  const outside = script.mode === "autocommit" ? ", outside a transaction" : "";
  const again = resumes ? ", goes on after an interruption" : "";
  const from = source === "ledger" ? ", its down script taken from the ledger" : "";
  return `  ${direction === "up" ? "↑" : "↓"} ${revision}${outside}${again}${from}`;
}

function wordsOf(step: Step): readonly string[] {
  if (step.script.code) return [`run ${step.script.file}`];
  const effects = effectsOf(step);
  return effects.length === 0 ? ["no statement: only the ledger changes"] : effects.map((effect) => effect.words);
}

function dropsOf(step: Step): readonly string[] {
  return step.direction === "up" ? effectsOf(step).flatMap(({ words, drops }) => (drops ? [words] : [])) : [];
}
