import type { Problem } from "../problem.ts";
import { databaseWide } from "../script/database-wide.ts";
import type { ParsedScript } from "../script/parse-script.ts";
import type { Plan, Step } from "./plan.ts";

/** True where a step changes what the database, or the server, has one of: such steps of different schemas collide. */
export function isDatabaseWide({ script }: Step): boolean {
  return script.statements.some(({ node }) => databaseWide(node) !== undefined);
}

/** Statements that can run once only, in plans that would run them for each schema of a fleet. */
export function onceADatabase(plans: readonly Plan[]): readonly Problem[] {
  const scripts = new Set(plans.flatMap(({ steps }) => steps.filter(runs).map(({ script }) => script)));
  return [...scripts].flatMap(unrepeatable);
}

function runs({ source }: Step): boolean {
  return source === "folder" || source === "ledger";
}

function unrepeatable({ file, statements }: ParsedScript): readonly Problem[] {
  return statements.flatMap(({ node, line, sql }): readonly Problem[] => {
    const found = databaseWide(node);
    return !found || found.repeatable ? [] : [{ code: "once-a-database", file, line, kind: found.kind, text: sql }];
  });
}
