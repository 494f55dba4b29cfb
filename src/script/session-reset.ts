import type { Node } from "libpg-query";

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
