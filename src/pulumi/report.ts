import { compareIds } from "../history/revision.ts";
import { elsewhereNotes } from "../plan/other-schemas.ts";
import { type Plan, planDirection } from "../plan/plan.ts";
import { waysOf } from "../plan/ways.ts";
import type { Loss } from "../postgres/count-losses.ts";
import type { HandOver } from "../postgres/hand-over.ts";
import { count, problemText } from "../problem-text.ts";
import { minute, TAKE_OVER } from "../problems/wording.ts";
import { schemaNames } from "../schema-name.ts";
import { holderName } from "../script/effect.ts";
import { effectsOf, onlyInUp, stepTexts } from "./step-texts.ts";

/** What a preview says below the engine's diff. */
export interface Report {
  readonly text: string;
  /** True where a schema goes down or holds tables that no ledger knows, or a snapshot that was asked for is not used. */
  readonly warning: boolean;
}

/**
 * One report for each way that schemas go: those which take the same steps from the same revision are told together.
 *
 * @param plans of one resource
 * @param file where the whole SQL was written
 * @param notes on the fleet as a whole
 */
export function previewReports(
  plans: readonly Plan[],
  file: string,
  losses: readonly Loss[] = [],
  handOvers: readonly HandOver[] = [],
  notes: readonly string[] = [],
): readonly Report[] {
  const ways = waysOf(plans);
  const resting = plans.filter((plan) => plan.steps.length === 0);
  const places = new Map([...Map.groupBy(plans, ({ from }) => from)].map(([from, group]) => [from, group.length]));
  const reports = ways.map((way) => groupReport(way, places, losses));
  const still = [...Map.groupBy(resting, (plan) => plan.to).entries()].map(
    ([to, group]) => `${namesOf(group)}: ${to}, nothing to do${pendingText(group)}`,
  );
  const code = onlyInUp(plans);
  const where = file + (code === undefined ? "" : ` (without ${code})`);
  const sql = ways.length + handOvers.length > 0 ? `The SQL, exactly as it would run: ${where}` : "";
  const rest = [...handOvers.map(handOverText), ...still, ...notes, sql].filter(Boolean);
  return [
    ...reports,
    ...[...elsewhereNotes(plans).map(problemText), ...unusedSnapshots(plans)].map((text) => ({ text, warning: true })),
    { text: rest.join("\n"), warning: false },
  ];
}

/** Why schemas replay their history although the config asks for a snapshot; each reason once. */
export function unusedSnapshots(plans: readonly Plan[]): readonly string[] {
  return [...new Set(plans.flatMap(({ unused }) => (unused ? [problemText(unused)] : [])))];
}

function groupReport(group: readonly Plan[], places: ReadonlyMap<string, number>, losses: readonly Loss[]): Report {
  const [plan] = group;
  if (!plan) return { text: "", warning: false };
  const downgrade = planDirection(plan) === "downgrade";
  const title = `${downgrade ? "DOWNGRADE " : ""}${namesOf(group)}: ${plan.from} → ${plan.to}, ${count(plan.steps.length, "step")}`;
  const created = plan.schemaExists ? "" : ` (the schema is created first)`;
  const notes = created + pendingText(group) + (downgrade ? "" : behindText(group, places));
  const lines = [title + notes, ...unknownText(group), ...dropped(group, losses), ...stepTexts(plan.steps)];
  return { text: lines.join("\n"), warning: downgrade || plan.unknownTables };
}

/** Of schemas that were there before us. What is in them already would fail at the first step. */
function unknownText(group: readonly Plan[]): readonly string[] {
  if (!group[0]?.unknownTables) return [];
  return [`  ${namesOf(group)} ${group.length === 1 ? "holds" : "hold"} tables that no ledger knows. ${TAKE_OVER}`];
}

function handOverText({ schema, owner, app, given, opened, rights }: HandOver): string {
  const parts = [
    ...(given > 0 ? [`${count(given, "object")} of yours will belong to ${owner}`] : []),
    ...(opened > 0
      ? [`${app} gets its rights on ${count(opened, "table")} that ${opened === 1 ? "is" : "are"} there`]
      : []),
    ...(rights.length > 0 ? [`${owner} will have ${rights.join(", ")} on it`] : []),
  ];
  return `${schema}: ${parts.join("; ")}`;
}

function namesOf(group: readonly Plan[]): string {
  return schemaNames(group.map((plan) => plan.schema));
}

function pendingText([plan]: readonly Plan[]): string {
  const pending = plan?.pending ?? [];
  return pending.length > 0 ? `; ${count(pending.length, "revision")} held back` : "";
}

/** Of a few that most others have overtaken, since when: one that was left behind shall not go unnoticed. */
function behindText(group: readonly Plan[], places: ReadonlyMap<string, number>): string {
  const [plan] = group;
  const times = group.flatMap(({ since }) => since?.getTime() ?? []);
  if (!plan || times.length === 0) return "";
  const ahead = [...places].reduce((sum, [place, n]) => (compareIds(place, plan.from) > 0 ? sum + n : sum), 0);
  if (ahead <= group.length) return "";
  return `; behind ${ahead} others, unchanged since ${minute(new Date(Math.max(...times)))}`;
}

/** What will be gone, said first: all of it in a downgrade, and on the way up what holds something. */
function dropped(group: readonly Plan[], losses: readonly Loss[]): readonly string[] {
  const schemas = new Set(group.map((plan) => plan.schema));
  const effects = (group[0]?.steps ?? []).flatMap((step) =>
    effectsOf(step).map((effect) => ({ ...effect, down: step.direction === "down" })),
  );
  const lines = effects.flatMap(({ words, drops, holder, down }) => {
    if (!drops) return [];
    const held = losses.filter(
      (loss) => schemas.has(loss.schema) && holder && holderName(loss.holder) === holderName(holder),
    );
    if (!down && held.length === 0) return [];
    return [`    - ${words}${held.length > 0 ? `, ${heldText(held)}` : ""}`];
  });
  return lines.length > 0 ? ["  It will:", ...lines] : [];
}

/** What an up says before it drops anything: `prod: drops users.cpf, with 3 values`; of many schemas the sum. */
export function lossTexts(losses: readonly Loss[]): readonly string[] {
  const groups = Map.groupBy(losses, ({ holder }) => holderName(holder));
  return [...groups].map(
    ([thing, held]) => `${schemaNames(held.map((loss) => loss.schema))}: drops ${thing}, ${heldText(held)}`,
  );
}

/** "with 3 values", "with about 2000000 rows"; of several schemas the sum, and how many could not be counted. */
function heldText(losses: readonly Loss[]): string {
  const counted = losses.filter((loss) => loss.count !== undefined);
  const uncounted = losses.length - counted.length;
  const some = losses.length > 1 ? ` in ${uncounted} schemas` : "";
  const rest = `rows not counted${some}`;
  if (counted.length === 0) return rest;
  return uncounted === 0 ? countedText(counted) : `${countedText(counted)}, ${rest}`;
}

function countedText(losses: readonly Loss[]): string {
  const total = losses.reduce((sum, loss) => sum + (loss.count ?? 0), 0);
  const about = losses.every((loss) => loss.exact) ? "" : "about ";
  const thing = losses.some(({ holder }) => holder.column !== undefined) && about === "" ? "value" : "row";
  const where = losses.length > 1 ? ` in ${losses.length} schemas` : "";
  return `with ${about}${count(total, thing)}${where}`;
}
