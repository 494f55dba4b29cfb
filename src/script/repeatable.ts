import type { Node, RangeVar } from "libpg-query";
import { nameOf } from "./names.ts";
import type { ParsedScript, Statement } from "./parse-script.ts";

/** How a statement that was interrupted outside a transaction can be run again. */
export type Repetition =
  /** As it stands. */
  | { readonly kind: "again" }
  /** After dropping the INVALID index that CREATE INDEX CONCURRENTLY leaves behind (manual, CREATE INDEX); not where it is valid. */
  | { readonly kind: "build-index"; readonly index: string }
  /** After dropping the INVALID copies that REINDEX CONCURRENTLY leaves behind (manual, REINDEX), of this index or of this table's. */
  | { readonly kind: "reindex"; readonly relation: string }
  /** Only where the index is still there. */
  | { readonly kind: "drop-index"; readonly index: string };

/** True where the whole script can be run again after it was interrupted anywhere in it. */
export function isRepeatable(script: ParsedScript): boolean {
  return (
    script.mode === "autocommit" &&
    !script.code &&
    script.statements.every((statement) => repetition(statement) !== undefined)
  );
}

/** How a statement can be run again, or undefined where only a person can know. */
export function repetition({ node }: Pick<Statement, "node">): Repetition | undefined {
  if ("IndexStmt" in node) {
    const { concurrent, idxname, relation } = node.IndexStmt;
    // A qualified table may lie in another schema, and a nameless index gets a new name each time.
    return concurrent && idxname && isOwn(relation) ? { kind: "build-index", index: idxname } : undefined;
  }
  if ("DropStmt" in node) {
    const { concurrent, objects = [], missing_ok } = node.DropStmt;
    if (missing_ok) return { kind: "again" };
    const [index, ...others] = objects.map(nameOf);
    return concurrent && index !== undefined && others.length === 0 && isUnqualified(objects[0])
      ? { kind: "drop-index", index }
      : undefined;
  }
  if ("ReindexStmt" in node) {
    const { relation } = node.ReindexStmt;
    return isOwn(relation) && relation?.relname ? { kind: "reindex", relation: relation.relname } : { kind: "again" };
  }
  if ("VacuumStmt" in node || "AlterSystemStmt" in node) return { kind: "again" };
  if ("AlterEnumStmt" in node) return node.AlterEnumStmt.skipIfNewValExists ? { kind: "again" } : undefined;
  return undefined;
}

/** An index that a script makes. */
export interface NewIndex {
  readonly name: string;
  /** True where the script says IF NOT EXISTS. */
  readonly ifMissing: boolean;
}

/**
 * The indexes that a script makes anew, but for those that it drops first. None of them may be there before it begins: a later run
 * takes one that is there for this script's own, and finished. With IF NOT EXISTS it may, if it is whole.
 */
export function newIndexes({ statements }: Pick<ParsedScript, "statements">): readonly NewIndex[] {
  return statements.flatMap((statement, index) => {
    const how = repetition(statement);
    if (how?.kind !== "build-index" || !("IndexStmt" in statement.node)) return [];
    if (statements.slice(0, index).some(({ node }) => mayDrop(node, how.index))) return [];
    return [{ name: how.index, ifMissing: statement.node.IndexStmt.if_not_exists === true }];
  });
}

function mayDrop(node: Node, index: string): boolean {
  if (!("DropStmt" in node)) return false;
  const { removeType, objects = [] } = node.DropStmt;
  return removeType !== "OBJECT_INDEX" || objects.some((object) => nameOf(object).split(".").at(-1) === index);
}

function isOwn(relation: RangeVar | undefined): boolean {
  return relation !== undefined && relation.schemaname === undefined;
}

function isUnqualified(object: Node | undefined): boolean {
  return object !== undefined && "List" in object && (object.List.items ?? []).length === 1;
}
