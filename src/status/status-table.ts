import { plainTable } from "../plain-table.ts";
import type { Problem } from "../problem.ts";
import { problemTexts } from "../problem-text.ts";
import { minute } from "../problems/wording.ts";
import { fewSchemaNames } from "../schema-name.ts";
import type { SchemaStatus } from "./read-status.ts";

/** Schemas of a stack told one by one; of more, those that stand alike are one line. */
const MANY = 20;

/** Where the schemas stand, within a screen however many they are; what has failed and what would be refused stands below. */
export function statusTable(statuses: readonly SchemaStatus[]): string {
  const stacks = [...Map.groupBy(statuses, ({ stack }) => stack).values()];
  const groups = stacks.flatMap((all) =>
    all.length > MANY ? [...Map.groupBy(all, standing).values()] : all.map((status) => [status]),
  );
  // A stack of one fleet has no use for its name.
  const several = new Set(statuses.map(({ fleet }) => fleet)).size > 1;
  const heading = ["stack", ...(several ? ["fleet"] : []), "schema", "current", "target", "pending", "last event"];
  const rows = groups.flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    return [
      [
        first.stack,
        ...(several ? [first.fleet] : []),
        fewSchemaNames(group.map((status) => status.schema)),
        first.current ?? "(no such schema)",
        first.target ?? "(excluded)",
        pendingText(first),
        lastText(group),
      ],
    ];
  });
  const below = [...statuses.flatMap(failure), ...statuses.flatMap(({ problems }) => problems)];
  return [plainTable([heading, ...rows]), ...problemTexts(below).map((text) => `\n${text}`)].join("\n");
}

/** Why a schema's last event failed. */
function failure({ schema, lastEvent }: SchemaStatus): readonly Problem[] {
  if (lastEvent?.outcome !== "failed" || lastEvent.error === null) return [];
  const { revision, direction, error } = lastEvent;
  return [{ code: "failed-before", schema, revision, direction, error }];
}

/** What a line tells of all its schemas. One that has just failed is not one of those which have not been started. */
function standing({ fleet, current, target, pending, problems, lastEvent }: SchemaStatus): string {
  return JSON.stringify([fleet, current, target, pending, problems.length > 0, lastEvent?.outcome]);
}

function pendingText({ pending, problems }: SchemaStatus): string {
  if (problems.length > 0) return "refused, see below";
  if (pending.length === 0) return "-";
  return pending.length <= 2 ? pending.join(", ") : `${pending[0]} … ${pending.at(-1)} (${pending.length})`;
}

/** The last event of a schema; of several the newest, and since when the others have not moved. */
function lastText(group: readonly SchemaStatus[]): string {
  const events = group.flatMap(({ lastEvent }) => lastEvent ?? []).toSorted((a, b) => a.at.getTime() - b.at.getTime());
  const [oldest, newest] = [events[0], events.at(-1)];
  if (!oldest || !newest) return "-";
  const { at, actor, direction, revision, outcome } = newest;
  return `${span(minute(oldest.at), minute(at))} ${actor}: ${direction} ${revision} ${outcome}`;
}

/** `2026-11-22 19:44 to 19:52`: what both share is said once. */
function span(from: string, to: string): string {
  if (from === to) return to;
  const [day = ""] = from.split(" ");
  return `${from} to ${to.replace(`${day} `, "")}`;
}
