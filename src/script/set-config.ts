import type { Node } from "libpg-query";
import { lastName } from "./names.ts";

/** The setting that a call of set_config changes, in lower case; undefined for all else, empty where the name is no constant. */
export function configured(node: Node): string | undefined {
  if (!("FuncCall" in node) || lastName(node.FuncCall.funcname) !== "set_config") return undefined;
  const args = node.FuncCall.args ?? [];
  const named = args.find((arg) => "NamedArgExpr" in arg && arg.NamedArgExpr.name === "setting_name");
  return constant(named ?? args[0]).toLowerCase();
}

/** The text that an argument is, also cast or named; empty where it is none. */
function constant(arg: Node | undefined): string {
  if (!arg) return "";
  if ("TypeCast" in arg) return constant(arg.TypeCast.arg);
  if ("NamedArgExpr" in arg) return constant(arg.NamedArgExpr.arg);
  return "A_Const" in arg ? (arg.A_Const.sval?.sval ?? "") : "";
}
