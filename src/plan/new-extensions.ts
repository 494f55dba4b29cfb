import type { Node } from "libpg-query";
import type { Problem } from "../problem.ts";
import { nameOf } from "../script/names.ts";
import { type Plan, scriptsThatRun } from "./plan.ts";

/** A statement of a fleet's script that would make an extension in whichever schema comes first. */
export interface NewExtension {
  readonly name: string;
  readonly problem: Problem;
  /** True where the plans drop it before: then it is made whether it is there now or not. */
  readonly dropped: boolean;
}

/**
 * Extensions that plans of several schemas make without saying in which schema: it would be the first one's, where the others
 * do not find it. Not those that an earlier statement makes in a schema that it names.
 */
export function newExtensions(plans: readonly Plan[]): readonly NewExtension[] {
  if (plans.length < 2) return [];
  const state = new Map<string, "placed" | "dropped">();
  return scriptsThatRun(plans).flatMap(({ file, statements }) =>
    statements.flatMap(({ node, line, sql: text }): readonly NewExtension[] => {
      for (const name of droppedBy(node)) state.set(name, "dropped");
      if (!("CreateExtensionStmt" in node)) return [];
      const { extname: name = "", options = [] } = node.CreateExtensionStmt;
      if (options.some((option) => "DefElem" in option && option.DefElem.defname === "schema"))
        state.set(name, "placed");
      if (state.get(name) === "placed") return [];
      const problem = { code: "unplaced-extension", file, line, text, name } as const;
      return [{ name, problem, dropped: state.get(name) === "dropped" }];
    }),
  );
}

function droppedBy(node: Node): readonly string[] {
  if (!("DropStmt" in node) || node.DropStmt.removeType !== "OBJECT_EXTENSION") return [];
  return (node.DropStmt.objects ?? []).map(nameOf);
}
