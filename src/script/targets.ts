import type { Node, RangeVar } from "libpg-query";
import { databaseWide } from "./database-wide.ts";
import { type Name, partsOf } from "./names.ts";

/** What reads, locks or maintains leaves everything as it is. */
const CHANGES_NOTHING: ReadonlySet<string> = new Set(["ClusterStmt", "LockStmt", "ReindexStmt", "VacuumStmt"]);

/** The schemas that a statement is about as a whole: rights on them or on all that is in them, defaults, comments, owners. */
export function schemasOf(node: Node): readonly string[] {
  if ("GrantStmt" in node) {
    const { objtype, targtype, objects = [] } = node.GrantStmt;
    return objtype === "OBJECT_SCHEMA" || targtype === "ACL_TARGET_ALL_IN_SCHEMA" ? objects.flatMap(partsOf) : [];
  }
  if ("CommentStmt" in node) {
    const { objtype, object } = node.CommentStmt;
    return objtype === "OBJECT_SCHEMA" && object ? partsOf(object) : [];
  }
  if ("AlterOwnerStmt" in node) {
    const { objectType, object } = node.AlterOwnerStmt;
    return objectType === "OBJECT_SCHEMA" && object ? partsOf(object) : [];
  }
  if ("AlterDefaultPrivilegesStmt" in node) {
    const options = (node.AlterDefaultPrivilegesStmt.options ?? []).flatMap((option) =>
      "DefElem" in option && option.DefElem.defname === "schemas" && option.DefElem.arg ? [option.DefElem.arg] : [],
    );
    return options.flatMap(partsOf);
  }
  return [];
}

/** True for default privileges that hold in every schema (manual, ALTER DEFAULT PRIVILEGES). */
export function setsDefaultsForAll(node: Node): boolean {
  return "AlterDefaultPrivilegesStmt" in node && schemasOf(node).length === 0;
}

/** What a statement itself makes, changes or drops, by its name as it stands there; what it moves by both of its names. */
export function targetsOf(node: Node): readonly Name[] {
  const [type = "", found] = Object.entries(node)[0] ?? [];
  if (databaseWide(node) || CHANGES_NOTHING.has(type) || schemasOf(node).length > 0) return [];
  if ("CopyStmt" in node && !node.CopyStmt.is_from) return [];
  const body = found as Body;
  const kind = body.removeType ?? body.objtype ?? body.renameType ?? body.objectType;
  const named = [
    body.relation ?? body.view ?? body.sequence ?? body.typevar ?? body.table ?? body.base?.relation,
    body.into?.rel ?? body.intoClause?.rel,
  ];
  // The function of a trigger is what it calls, and the type of a domain what it is made of.
  const list = "CreateTrigStmt" in node ? [] : [body.funcname, body.typeName, body.domainname, body.defnames];
  return [
    ...named.flatMap((relation) => (relation ? [partsOf({ RangeVar: relation })] : [])),
    ...list.flatMap((names) => (Array.isArray(names) ? [names.flatMap(partsOf)] : [])),
    ...[body.object, body.func && { ObjectWithArgs: body.func }, ...(body.objects ?? []), ...(body.relations ?? [])]
      .filter((each) => each !== undefined)
      .map((each) => ownerOf(partsOf(each), kind)),
    ...("AlterObjectSchemaStmt" in node ? movedTo(node.AlterObjectSchemaStmt) : []),
  ].map((parts) => parts.slice(-2));
}

/** Where the grammar's statements keep the name of what they are about. */
interface Body {
  readonly removeType?: string;
  readonly objtype?: string;
  readonly renameType?: string;
  readonly objectType?: string;
  readonly relation?: RangeVar;
  readonly view?: RangeVar;
  readonly sequence?: RangeVar;
  readonly typevar?: RangeVar;
  readonly table?: RangeVar;
  readonly base?: { readonly relation?: RangeVar };
  readonly into?: { readonly rel?: RangeVar };
  readonly intoClause?: { readonly rel?: RangeVar };
  readonly funcname?: readonly Node[];
  readonly typeName?: readonly Node[] | object;
  readonly domainname?: readonly Node[];
  readonly defnames?: readonly Node[];
  readonly object?: Node;
  readonly func?: object;
  readonly objects?: readonly Node[];
  readonly relations?: readonly Node[];
}

type Move = Extract<Node, { AlterObjectSchemaStmt: unknown }>["AlterObjectSchemaStmt"];

/** The name that something has once SET SCHEMA has moved it. */
export function movedTo({ relation, object, newschema }: Move): readonly Name[] {
  const last = (relation ? partsOf({ RangeVar: relation }) : object ? partsOf(object) : []).at(-1);
  return newschema === undefined || last === undefined ? [] : [[newschema, last]];
}

/** Of what belongs to a table or a domain that one; operator classes have their index method before their name. */
function ownerOf(parts: Name, kind = ""): Name {
  return OF_ANOTHER.has(kind) ? parts.slice(0, -1) : withoutMethod(parts, kind);
}

export function withoutMethod(parts: Name, kind: string): Name {
  return kind === "OBJECT_OPCLASS" || kind === "OBJECT_OPFAMILY" ? parts.slice(1) : parts;
}

/** What belongs to a table or a domain, and is named behind it. */
export const OF_ANOTHER: ReadonlySet<string> = new Set([
  "OBJECT_COLUMN",
  "OBJECT_DOMCONSTRAINT",
  "OBJECT_POLICY",
  "OBJECT_RULE",
  "OBJECT_TABCONSTRAINT",
  "OBJECT_TRIGGER",
]);
