import type { Node } from "libpg-query";
import type { ParsedScript } from "./parse-script.ts";

/**
 * True where a script leaves nothing in the session that it ran in: no setting, temporary table, prepared statement, cursor or
 * value of a sequence. That is known of definitions, which run nobody's code; rows have triggers, and functions do what
 * they like.
 */
export function leavesNothing(script: ParsedScript): boolean {
  return traitsOf(script).leavesNothing;
}

/** True where a script is quick in a schema that holds nothing yet: it defines, or writes rows that stand in it or are there already. */
export function isQuickOnNothing(script: ParsedScript): boolean {
  return traitsOf(script).isQuickOnNothing;
}

/** True where a script is quick whatever the schema holds: it defines, and looks at no row. Locks it may wait for all the same. */
export function isQuickAnywhere(script: ParsedScript): boolean {
  return traitsOf(script).isQuickAnywhere;
}

interface Traits {
  readonly leavesNothing: boolean;
  readonly isQuickOnNothing: boolean;
  readonly isQuickAnywhere: boolean;
}

/** Asked of each step in each of a thousand schemas: each script is looked at once. */
const known = new WeakMap<ParsedScript, Traits>();

function traitsOf(script: ParsedScript): Traits {
  const traits = known.get(script) ?? lookAt(script);
  known.set(script, traits);
  return traits;
}

function lookAt({ code, statements }: ParsedScript): Traits {
  const all = (is: (node: Node) => boolean) => !code && statements.every(({ node }) => is(node));
  return {
    leavesNothing: all(isDefinition),
    isQuickOnNothing: all((node) => isDefinition(node) || writesFewRows(node)),
    isQuickAnywhere: all((node) => isDefinition(node) && !looksAtRows(node)),
  };
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

/** True for what only its session sees: said to be temporary, or named in pg_temp, wherever in the statement that stands. */
function isTemporary(tree: unknown): boolean {
  if (typeof tree !== "object" || tree === null) return false;
  return Object.entries(tree).some(
    ([key, value]) =>
      (key === "relpersistence" && value === "t") ||
      (key === "schemaname" && isTemporarySchema(value)) ||
      (key === "String" && isTemporarySchema((value as { readonly sval?: unknown }).sval)) ||
      isTemporary(value),
  );
}

function isTemporarySchema(name: unknown): boolean {
  return typeof name === "string" && name.startsWith("pg_temp");
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
