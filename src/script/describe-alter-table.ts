import type { AlterTableCmd, AlterTableStmt, Constraint, Node, RangeVar } from "libpg-query";
import type { Effect } from "./effect.ts";
import { kindName, nameOf, relationName, tableIn, typeName } from "./names.ts";

/** An ALTER TABLE (or INDEX, VIEW, SEQUENCE), one effect for each of its commands. */
export function describeAlterTable({ relation, cmds = [], objtype }: AlterTableStmt): readonly Effect[] {
  return cmds.flatMap((command) =>
    "AlterTableCmd" in command ? [describeCommand(command.AlterTableCmd, relation, objtype)] : [],
  );
}

function describeCommand(command: AlterTableCmd, relation: RangeVar | undefined, objtype: string | undefined): Effect {
  const table = relationName(relation);
  const { subtype, name, behavior } = command;
  const cascade = behavior === "DROP_CASCADE" ? " and all that depends on it" : "";
  const column = `${table}.${name}`;
  switch (subtype) {
    case "AT_AddColumn":
      return keeps(`add column ${table}.${columnOf(command.def)}`);
    case "AT_DropColumn":
      return {
        words: `drop column ${column}${cascade}`,
        drops: true,
        ...(name !== undefined && { holder: { ...tableIn(relation), column: name } }),
      };
    case "AT_AlterColumnType":
      return changesType(command.def, column);
    case "AT_SetNotNull":
      return keeps(`require a value in column ${column}`);
    case "AT_DropNotNull":
      return keeps(`allow no value in column ${column}`);
    case "AT_ColumnDefault":
      return keeps(command.def ? `set a default for column ${column}` : `remove the default of column ${column}`);
    case "AT_AddConstraint":
      return keeps(constraintOf(command.def, table));
    case "AT_DropConstraint":
      return { words: `drop constraint ${name} of ${table}${cascade}`, drops: true };
    case "AT_ValidateConstraint":
      return keeps(`validate constraint ${name} of ${table}`);
    case "AT_EnableRowSecurity":
      return keeps(`enable row level security on ${table}`);
    case "AT_DisableRowSecurity":
      return keeps(`disable row level security on ${table}`);
    case "AT_AttachPartition":
      return keeps(`attach partition ${partitionOf(command.def)} to ${table}`);
    case "AT_DetachPartition":
      return keeps(`detach partition ${partitionOf(command.def)} of ${table}`);
    default:
      return keeps(`change ${kindName(objtype)} ${table}${name ? `: ${name}` : ""}`);
  }
}

function columnOf(def: Node | undefined): string {
  if (!def || !("ColumnDef" in def)) return "";
  const { colname, typeName: type, constraints = [] } = def.ColumnDef;
  const required = constraints.some((each) => "Constraint" in each && each.Constraint.contype === "CONSTR_NOTNULL");
  return `${colname} ${typeName(type)}${required ? ", required" : ""}`;
}

function partitionOf(def: Node | undefined): string {
  return def && "PartitionCmd" in def ? relationName(def.PartitionCmd.name) : "";
}

/** With USING the values are whatever its expression says, also cut or gone: a cast that would lose something asks for one. */
function changesType(def: Node | undefined, column: string): Effect {
  const { typeName: type, raw_default: using } = def && "ColumnDef" in def ? def.ColumnDef : {};
  const words = `change the type of column ${column} to ${type ? typeName(type) : "another type"}`;
  return using ? { words: `${words}, by an expression`, drops: true } : keeps(words);
}

const CONSTRAINTS: Readonly<Record<string, string>> = {
  CONSTR_CHECK: "check",
  CONSTR_FOREIGN: "foreign key",
  CONSTR_NOTNULL: "not-null constraint",
  CONSTR_PRIMARY: "primary key",
  CONSTR_UNIQUE: "unique constraint",
  CONSTR_EXCLUSION: "exclusion constraint",
};

function constraintOf(def: Node | undefined, table: string): string {
  if (!def || !("Constraint" in def)) return `add a constraint to ${table}`;
  const { contype = "", conname, skip_validation } = def.Constraint;
  const what = [CONSTRAINTS[contype] ?? "constraint", conname].filter(Boolean).join(" ");
  return `add ${what}${constraintColumns(def.Constraint)} to ${table}${skip_validation ? ", not yet validated" : ""}`;
}

function constraintColumns({ keys = [], fk_attrs = [], pktable }: Constraint): string {
  const own = [...keys, ...fk_attrs].map(nameOf);
  const list = own.length > 0 ? ` (${own.join(", ")})` : "";
  return pktable ? `${list} → ${relationName(pktable)}` : list;
}

function keeps(words: string): Effect {
  return { words, drops: false };
}
