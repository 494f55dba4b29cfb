import type { Node, RangeVar, TypeName } from "libpg-query";

/** `users`, or `billing.users` where the script names a schema. */
export function relationName(relation: RangeVar | undefined): string {
  const { schemaname, relname } = relation ?? {};
  return [schemaname, relname].filter(Boolean).join(".");
}

/** A table's name, and its schema's where the script names one. */
export function tableIn(relation: RangeVar | undefined): {
  readonly schema: string | undefined;
  readonly table: string;
} {
  return { schema: relation?.schemaname, table: relation?.relname ?? "" };
}

/** The last part of a possibly qualified name. */
export function lastName(names: readonly Node[] | undefined): string {
  const last = names?.at(-1);
  return last ? nameOf(last) : "";
}

/** A name, part by part: `["users"]`, or `["billing", "users"]`. */
export type Name = readonly string[];

/** The parts of the name that a node is, those of an operator class with its index method before them. */
export function partsOf(node: Node): Name {
  if ("String" in node) return [node.String.sval ?? ""];
  if ("RangeVar" in node) return [node.RangeVar.schemaname, node.RangeVar.relname].filter((part) => part !== undefined);
  if ("List" in node) return (node.List.items ?? []).flatMap(partsOf);
  if ("TypeName" in node) return (node.TypeName.names ?? []).flatMap(partsOf);
  if ("ObjectWithArgs" in node) return (node.ObjectWithArgs.objname ?? []).flatMap(partsOf);
  return [];
}

/** The name that a node is, wherever the grammar keeps it. */
export function nameOf(node: Node): string {
  if ("String" in node) return node.String.sval ?? "";
  if ("RangeVar" in node) return relationName(node.RangeVar);
  if ("List" in node) return (node.List.items ?? []).map(nameOf).join(".");
  if ("TypeName" in node) return qualifiedType(node.TypeName);
  if ("ObjectWithArgs" in node) return (node.ObjectWithArgs.objname ?? []).map(nameOf).join(".");
  if ("RoleSpec" in node) return node.RoleSpec.rolename ?? "";
  return "";
}

/** An object's name; what belongs to a table (trigger, policy, rule, constraint) is told as "tr on users". */
export function objectName(node: Node | undefined, kind: string | undefined): string {
  if (!node) return "";
  const parts = "List" in node ? (node.List.items ?? []).map(nameOf) : [];
  const last = parts.at(-1);
  if (last !== undefined && parts.length > 1 && OF_A_TABLE.has(kind ?? "")) {
    return `${last} on ${parts.slice(0, -1).join(".")}`;
  }
  return nameOf(node);
}

const OF_A_TABLE: ReadonlySet<string> = new Set([
  "OBJECT_TRIGGER",
  "OBJECT_POLICY",
  "OBJECT_RULE",
  "OBJECT_TABCONSTRAINT",
]);

/** `OBJECT_MATVIEW` as a person says it. */
export function kindName(objectType: string | undefined): string {
  const kind = (objectType ?? "object").replace(/^OBJECT_/, "").toLowerCase();
  return KINDS[kind] ?? kind.replaceAll("_", " ");
}

const KINDS: Readonly<Record<string, string>> = {
  matview: "materialized view",
  tabconstraint: "constraint",
  domconstraint: "constraint",
};

/** The grammar's inner names for the types that people write otherwise (manual 8, table 8.1). */
const TYPES: Readonly<Record<string, string>> = {
  bool: "boolean",
  bpchar: "char",
  float4: "real",
  float8: "double precision",
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
};

/** With its schema where the script names one; the grammar's own pg_catalog is none. */
function qualifiedType(type: TypeName): string {
  const [first, ...rest] = (type.names ?? []).map(nameOf);
  return rest.length > 0 && first !== "pg_catalog" ? [first, ...rest].join(".") : typeName(type);
}

/** `varchar(14)`, `integer`, `numeric(10,2)[]`. */
export function typeName(type: TypeName | undefined): string {
  const name = lastName(type?.names);
  // An interval's first modifier is bits that say which fields it keeps.
  const typmods = name === "interval" ? (type?.typmods ?? []).slice(1) : (type?.typmods ?? []);
  const modifiers = typmods.flatMap((each) => ("A_Const" in each ? [each.A_Const.ival?.ival ?? 0] : []));
  const array = type?.arrayBounds ? "[]" : "";
  return `${TYPES[name] ?? name}${modifiers.length > 0 ? `(${modifiers.join(",")})` : ""}${array}`;
}

/** Column names of an index or an update; an expression is told as such. */
export function columns(nodes: readonly Node[]): string {
  return nodes.map(columnName).join(", ");
}

/** A call is told by its function's name; anything longer is in the SQL. */
function expression(node: Node | undefined): string {
  if (!node || !("FuncCall" in node)) return "expression";
  const args = (node.FuncCall.args ?? []).map((arg) =>
    "ColumnRef" in arg ? (arg.ColumnRef.fields ?? []).map(nameOf).join(".") : "…",
  );
  return `${lastName(node.FuncCall.funcname)}(${args.join(", ")})`;
}

function columnName(node: Node): string {
  if ("IndexElem" in node) return node.IndexElem.name ?? expression(node.IndexElem.expr);
  if ("ResTarget" in node) return node.ResTarget.name ?? "expression";
  return nameOf(node);
}
