import type { Node } from "libpg-query";
import type { ParsedScript } from "./parse-script.ts";

/**
 * True where a script leaves nothing in the session that it ran in: no setting, temporary table, prepared statement, cursor or
 * value of a sequence. That is known of definitions, which run nobody's code; rows have triggers, and functions do what
 * they like.
 */
export function leavesNothing({ code, statements }: ParsedScript): boolean {
  return !code && statements.every(({ node }) => isDefinition(node));
}

/** True where a script is quick in a schema that holds nothing yet: it defines, or writes rows that stand in it or are there already. */
export function isQuickOnNothing({ code, statements }: ParsedScript): boolean {
  return !code && statements.every(({ node }) => isDefinition(node) || writesFewRows(node));
}

/** True where a script is quick whatever the schema holds: it defines, and looks at no row. Locks it may wait for all the same. */
export function isQuickAnywhere({ code, statements }: ParsedScript): boolean {
  return !code && statements.every(({ node }) => isDefinition(node) && !looksAtRows(node));
}

/** What defines and looks at no row, whatever functions stand in it: they are called later. */
const DEFINITIONS: ReadonlySet<string> = new Set([
  "CommentStmt",
  "CompositeTypeStmt",
  "CreateEnumStmt",
  "CreateFunctionStmt",
  "CreatePolicyStmt",
  "CreateSeqStmt",
  "CreateStatsStmt",
  "CreateStmt",
  "CreateTrigStmt",
  "DropStmt",
  "GrantStmt",
  "RenameStmt",
  "ViewStmt",
]);

/** What may look at each row of a table, and calls there what stands in it. */
const CHANGES: ReadonlySet<string> = new Set(["AlterTableStmt", "IndexStmt"]);

function isDefinition(node: Node): boolean {
  const [type = ""] = Object.keys(node);
  if (isTemporary(node)) return false;
  return DEFINITIONS.has(type) || (CHANGES.has(type) && !callsFunctions(node));
}

/** A new partition does as well, where a default one may hold what belongs into it. */
function looksAtRows(node: Node): boolean {
  const [type = ""] = Object.keys(node);
  return CHANGES.has(type) || ("CreateStmt" in node && node.CreateStmt.partbound !== undefined);
}

/** A table, sequence or view that only its session sees. */
function isTemporary(node: Node): boolean {
  const relation =
    "CreateStmt" in node
      ? node.CreateStmt.relation
      : "CreateSeqStmt" in node
        ? node.CreateSeqStmt.sequence
        : "ViewStmt" in node
          ? node.ViewStmt.view
          : undefined;
  return relation?.relpersistence === "t" || relation?.schemaname?.startsWith("pg_temp") === true;
}

function writesFewRows(node: Node): boolean {
  if ("UpdateStmt" in node || "DeleteStmt" in node) return true;
  if (!("InsertStmt" in node)) return false;
  const { selectStmt } = node.InsertStmt;
  return selectStmt === undefined || ("SelectStmt" in selectStmt && selectStmt.SelectStmt.valuesLists !== undefined);
}

function callsFunctions(tree: unknown): boolean {
  if (typeof tree !== "object" || tree === null) return false;
  return "FuncCall" in tree || Object.values(tree).some(callsFunctions);
}
