import type { Node } from "libpg-query";
import type { Holder } from "./effect.ts";
import { relationName } from "./names.ts";

/** What the tables and columns that some statements rename were called before them. */
export class Renames {
  readonly #tables = new Map<string, string>();
  readonly #columns = new Map<string, string>();

  /** By what name something was to be found before all that was noted. */
  before({ table, column }: Holder): Holder {
    const first = this.#tables.get(table) ?? table;
    if (column === undefined) return { table: first };
    return { table: first, column: this.#columns.get(JSON.stringify([first, column])) ?? column };
  }

  /** Notes a statement, in the order in which they run. */
  note(node: Node): void {
    if (!("RenameStmt" in node)) return;
    const { renameType, relation, subname, newname } = node.RenameStmt;
    if (!relation || newname === undefined) return;
    const { table, column } = this.before({
      table: relationName(relation),
      ...(subname !== undefined && { column: subname }),
    });
    if (renameType === "OBJECT_TABLE") this.#tables.set(newname, table);
    if (renameType === "OBJECT_COLUMN" && column !== undefined)
      this.#columns.set(JSON.stringify([table, newname]), column);
  }
}
