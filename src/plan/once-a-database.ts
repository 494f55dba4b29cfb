import type { Node } from "libpg-query";
import type { Problem } from "../problem.ts";
import { databaseWide } from "../script/database-wide.ts";
import type { ParsedScript } from "../script/parse-script.ts";
import { definesElsewhere, failsTheSecondTime } from "./other-schemas.ts";
import { type Plan, type Step, scriptsThatRun } from "./plan.ts";

/**
 * True where a step, run for a schema, changes what the database, or the server, has one of, or defines something in another schema:
 * such steps of different schemas collide.
 */
export function isDatabaseWide(step: Step, schema: string): boolean {
  return step.script.statements.some(({ node }) => databaseWide(node) !== undefined) || definesElsewhere(step, schema);
}

/** Statements that can run once only, in plans that would run them for each schema of a fleet. */
export function onceADatabase(plans: readonly Plan[]): readonly Problem[] {
  return [...scriptsThatRun(plans).flatMap(unrepeatable), ...failsTheSecondTime(plans)];
}

function unrepeatable({ file, statements }: ParsedScript): readonly Problem[] {
  return statements.flatMap(({ node, line, sql }): readonly Problem[] => {
    const found = databaseWide(node);
    if (!found || found.repeatable) return [];
    return [{ code: "once-a-database", file, line, kind: found.kind, text: sql, way: wayOf(node) }];
  });
}

function wayOf(node: Node): Extract<Problem, { code: "once-a-database" }>["way"] {
  if ("CreateExtensionStmt" in node) return { extension: node.CreateExtensionStmt.extname ?? "" };
  // No IF NOT EXISTS, and no DO block, which is a transaction.
  const never = "CreatedbStmt" in node || "CreateTableSpaceStmt" in node || "CreateSubscriptionStmt" in node;
  return never ? "never" : "guard";
}
