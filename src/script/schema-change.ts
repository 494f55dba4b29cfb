import type { Node } from "libpg-query";
import { nameOf } from "./names.ts";

/** What a statement does to whole schemas. */
export interface SchemaChange {
  readonly does: "makes" | "drops" | "renames";
  /** By the names that they have before it; of one that it makes, the new one. */
  readonly schemas: readonly string[];
  /** True where it says IF EXISTS or IF NOT EXISTS. */
  readonly guarded: boolean;
}

/** Recognises CREATE, DROP and ALTER SCHEMA … RENAME. What a DO block or a function does is not looked into. */
export function schemaChange(node: Node): SchemaChange | undefined {
  if ("CreateSchemaStmt" in node) {
    const { schemaname, authrole, if_not_exists } = node.CreateSchemaStmt;
    // CREATE SCHEMA AUTHORIZATION joe makes one of that name.
    const name = schemaname ?? authrole?.rolename;
    return { does: "makes", schemas: name === undefined ? [] : [name], guarded: if_not_exists === true };
  }
  if ("DropStmt" in node && node.DropStmt.removeType === "OBJECT_SCHEMA") {
    const { objects = [], missing_ok } = node.DropStmt;
    return { does: "drops", schemas: objects.map(nameOf), guarded: missing_ok === true };
  }
  if ("RenameStmt" in node && node.RenameStmt.renameType === "OBJECT_SCHEMA") {
    const { subname } = node.RenameStmt;
    return { does: "renames", schemas: subname === undefined ? [] : [subname], guarded: false };
  }
  return undefined;
}
