import type { Node } from "libpg-query";
import type { Holder } from "./effect.ts";
import { tableIn } from "./names.ts";

/** What the tables and columns that some statements rename, or move to another schema, were called before them. */
export class Renames {
  /** The schema that is migrated, where the statements name it: there, its name makes no difference. */
  readonly #own: string | undefined;
  readonly #tables = new Map<string, Holder>();
  readonly #columns = new Map<string, string>();

  constructor(own: string | undefined) {
    this.#own = own;
  }

  /** By what name something was to be found before all that was noted; without the schema where it is the migrated one. */
  before({ schema, table, column }: Holder): Holder {
    const place = this.#placeOf(schema, table);
    const first = this.#tables.get(keyOf(place)) ?? place;
    if (column === undefined) return first;
    return { ...first, column: this.#columns.get(keyOf({ ...first, column })) ?? column };
  }

  /** Notes a statement, in the order in which they run. */
  note(node: Node): void {
    if ("AlterObjectSchemaStmt" in node) {
      const { objectType, relation, newschema } = node.AlterObjectSchemaStmt;
      if (objectType !== "OBJECT_TABLE" || !relation) return;
      const { schema, table } = tableIn(relation);
      this.#tables.set(keyOf(this.#placeOf(newschema, table)), this.before({ schema, table }));
    }
    if (!("RenameStmt" in node)) return;
    const { renameType, relation, subname, newname } = node.RenameStmt;
    if (!relation || newname === undefined) return;
    const { schema, table } = tableIn(relation);
    if (renameType === "OBJECT_TABLE")
      this.#tables.set(keyOf(this.#placeOf(schema, newname)), this.before({ schema, table }));
    if (renameType === "OBJECT_COLUMN" && subname !== undefined) {
      const { column = subname, ...first } = this.before({ schema, table, column: subname });
      this.#columns.set(keyOf({ ...first, column: newname }), column);
    }
  }

  #placeOf(schema: string | undefined, table: string): Holder {
    return schema === undefined || schema === this.#own ? { table } : { schema, table };
  }
}

function keyOf({ schema, table, column }: Holder): string {
  return JSON.stringify([schema, table, column]);
}
