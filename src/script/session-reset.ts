import type { Node } from "libpg-query";
import { lastName } from "./names.ts";
import { configured } from "./set-config.ts";

/** True for what lets go of the session's advisory locks and settings (manual, DISCARD). */
export function discardsAll(node: Node): boolean {
  return "DiscardStmt" in node && node.DiscardStmt.target === "DISCARD_ALL";
}

/** True for what takes the search path back to the session's own (manual, RESET), which leads to another schema. */
export function resetsSearchPath(node: Node): boolean {
  if (!("VariableSetStmt" in node)) return false;
  const { kind, name } = node.VariableSetStmt;
  if (kind === "VAR_RESET_ALL") return true;
  return (kind === "VAR_RESET" || kind === "VAR_SET_DEFAULT") && name?.toLowerCase() === "search_path";
}

/** True for what sets the search path to something of its own (manual, SET; 9.28.1, set_config). */
export function setsSearchPath(node: Node): boolean {
  if ("VariableSetStmt" in node) {
    const { kind, name } = node.VariableSetStmt;
    return kind === "VAR_SET_VALUE" && name?.toLowerCase() === "search_path";
  }
  return "SelectStmt" in node && configures(node, "search_path");
}

function configures(tree: unknown, setting: string): boolean {
  if (typeof tree !== "object" || tree === null) return false;
  return configured(tree as Node) === setting || Object.values(tree).some((each) => configures(each, setting));
}

/** True for a query that lets go of all advisory locks of the session, the schema's among them. */
export function unlocksAll(tree: unknown): boolean {
  if (typeof tree !== "object" || tree === null) return false;
  const node = tree as Node;
  if ("FuncCall" in node && lastName(node.FuncCall.funcname) === "pg_advisory_unlock_all") return true;
  return Object.values(tree).some(unlocksAll);
}
