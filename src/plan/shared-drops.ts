import type { Node } from "libpg-query";
import type { Problem } from "../problem.ts";
import { databaseWide } from "../script/database-wide.ts";
import { nameOf } from "../script/names.ts";
import { schemaChange } from "../script/schema-change.ts";
import { type Plan, scriptsThatRun } from "./plan.ts";

/** A statement that takes something away from every schema of the database, whichever it runs for; what goes with it is not known yet. */
export type SharedDrop = Omit<Extract<Problem, { code: "drops-for-all" }>, "code" | "dependents" | "others">;

/**
 * What the plans drop with CASCADE that belongs to no schema, what they drop of a role, and schemas that they drop or rename. Without
 * CASCADE PostgreSQL refuses to drop what something depends on.
 */
export function sharedDrops(plans: readonly Plan[]): readonly SharedDrop[] {
  return scriptsThatRun(plans).flatMap(({ file, statements }) =>
    statements.flatMap(({ node, line, sql: text }) => droppedBy(node).map((drop) => ({ file, line, text, ...drop }))),
  );
}

function droppedBy(node: Node): readonly Pick<SharedDrop, "does" | "kind" | "name">[] {
  const change = schemaChange(node);
  if (change) {
    const { does, schemas } = change;
    return does === "makes" ? [] : schemas.map((name) => ({ does, kind: "schema", name }));
  }
  if ("DropOwnedStmt" in node) {
    const roles = node.DropOwnedStmt.roles ?? [];
    return roles.map((role) => ({ does: "drops-owned", kind: "role", name: nameOf(role) || "CURRENT_USER" }));
  }
  if (!("DropStmt" in node) || node.DropStmt.behavior !== "DROP_CASCADE") return [];
  const kind = databaseWide(node)?.kind;
  return kind === undefined
    ? []
    : (node.DropStmt.objects ?? []).map((each) => ({ does: "drops", kind, name: nameOf(each) }));
}
