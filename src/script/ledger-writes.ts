import type { Node, RangeVar } from "libpg-query";
import { nameOf } from "./names.ts";

/** The ledger's table, in each schema. */
export const LEDGER = "migration_ledger";

/** True for a statement that changes a ledger or its rows, in whatever schema. To read one is fine; a DO block is not looked into. */
export function changesLedger(node: Node): boolean {
  return tablesChanged(node).some(isLedger) || writesRows(node);
}

/** What a statement does to tables as a whole, or to what happens when they are written. */
function tablesChanged(node: Node): readonly string[] {
  if ("TruncateStmt" in node) return (node.TruncateStmt.relations ?? []).map(nameOf);
  if ("DropStmt" in node) {
    const { removeType, objects = [] } = node.DropStmt;
    return removeType === "OBJECT_TABLE" ? objects.map(nameOf) : [];
  }
  if ("CopyStmt" in node && !node.CopyStmt.is_from) return [];
  const [type = ""] = Object.keys(node);
  return CHANGES.has(type) ? relationOf(node) : [];
}

const CHANGES: ReadonlySet<string> = new Set([
  "AlterObjectSchemaStmt",
  "AlterTableStmt",
  "CopyStmt",
  "CreatePolicyStmt",
  "CreateStmt",
  "CreateTrigStmt",
  "IndexStmt",
  "RenameStmt",
  "RuleStmt",
]);

/** INSERT and its kin wherever they stand, also in a WITH. */
function writesRows(tree: unknown): boolean {
  if (typeof tree !== "object" || tree === null) return false;
  const [type = ""] = Object.keys(tree);
  return (ROWS.has(type) && relationOf(tree as Node).some(isLedger)) || Object.values(tree).some(writesRows);
}

const ROWS: ReadonlySet<string> = new Set(["DeleteStmt", "InsertStmt", "MergeStmt", "UpdateStmt"]);

function relationOf(node: Node): readonly string[] {
  const { relation, table } = Object.values(node)[0] as { readonly relation?: RangeVar; readonly table?: RangeVar };
  return [relation, table].flatMap((each) => each?.relname ?? []);
}

/** By its name, with a schema's before it or not. */
function isLedger(table: string): boolean {
  return table.split(".").at(-1) === LEDGER;
}
