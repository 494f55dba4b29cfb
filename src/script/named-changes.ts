import type { AlterTableCmd, Node, RangeVar } from "libpg-query";
import { databaseWide, isGuarded } from "./database-wide.ts";
import type { ParsedScript, Statement } from "./parse-script.ts";

/** A statement that names the schema of what it changes, where others leave that to the search path. */
export interface NamedChange {
  readonly statement: Statement;
  readonly schema: string;
  /** False where it changes rows alone. */
  readonly defines: boolean;
  /** True where doing the same a second time, for the next schema, is no error. */
  readonly repeatable: boolean;
}

/**
 * What a script changes in a schema that it names: the same one, whichever schema it runs for. What it only reads there, or refers
 * to, may well be there for all. A DO block, a function and what a query calls are not looked into.
 */
export function namedChanges(script: ParsedScript): readonly NamedChange[] {
  const changes = known.get(script) ?? lookAt(script);
  known.set(script, changes);
  return changes;
}

/** Asked of each step in each of a thousand schemas: each script is looked at once. */
const known = new WeakMap<ParsedScript, readonly NamedChange[]>();

function lookAt({ statements }: ParsedScript): readonly NamedChange[] {
  const targets = statements.map(({ node }) => targetsOf(node));
  const namesWhere = (is: (node: Node) => boolean) =>
    new Set(statements.flatMap(({ node }, index) => (is(node) ? (targets[index] ?? []).map(String) : [])));
  // What a script drops and makes anew, or makes and drops, can be done again.
  const [dropped, made] = [namesWhere(drops), namesWhere(makes)];
  return statements.flatMap((statement, index) =>
    (targets[index] ?? []).flatMap((target): readonly NamedChange[] => {
      const [schema, name] = target;
      if (schema === undefined || name === undefined || OF_NO_ONE.test(schema)) return [];
      const replaced = dropped.has(String(target)) && made.has(String(target));
      const { node } = statement;
      return [{ statement, schema, defines: !changesRows(node), repeatable: replaced || isRepeatable(node) }];
    }),
  );
}

/** The session's temporary tables, and PostgreSQL's own. */
const OF_NO_ONE = /^pg_/;

function changesRows(node: Node): boolean {
  return ROWS.has(Object.keys(node)[0] ?? "");
}

const ROWS: ReadonlySet<string> = new Set([
  "CopyStmt",
  "DeleteStmt",
  "InsertStmt",
  "MergeStmt",
  "RefreshMatViewStmt",
  "TruncateStmt",
  "UpdateStmt",
]);

/** What reads, locks or maintains leaves everything as it is. */
const CHANGES_NOTHING: ReadonlySet<string> = new Set(["ClusterStmt", "LockStmt", "ReindexStmt", "VacuumStmt"]);

type Name = readonly string[];

/** What a statement makes, changes or drops, by its name as it stands there: `["users"]`, or `["billing", "users"]`. */
function targetsOf(node: Node): readonly Name[] {
  const [type = "", found] = Object.entries(node)[0] ?? [];
  if (databaseWide(node) || CHANGES_NOTHING.has(type)) return [];
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

function partsOf(node: Node): Name {
  if ("String" in node) return [node.String.sval ?? ""];
  if ("RangeVar" in node) return [node.RangeVar.schemaname, node.RangeVar.relname].filter((part) => part !== undefined);
  if ("List" in node) return (node.List.items ?? []).flatMap(partsOf);
  if ("TypeName" in node) return (node.TypeName.names ?? []).flatMap(partsOf);
  if ("ObjectWithArgs" in node) return (node.ObjectWithArgs.objname ?? []).flatMap(partsOf);
  return [];
}

/** Of what belongs to a table or a domain that one; operator classes have their index method before their name. */
function ownerOf(parts: Name, kind = ""): Name {
  if (OF_ANOTHER.has(kind)) return parts.slice(0, -1);
  return kind === "OBJECT_OPCLASS" || kind === "OBJECT_OPFAMILY" ? parts.slice(1) : parts;
}

const OF_ANOTHER: ReadonlySet<string> = new Set([
  "OBJECT_COLUMN",
  "OBJECT_DOMCONSTRAINT",
  "OBJECT_POLICY",
  "OBJECT_RULE",
  "OBJECT_TABCONSTRAINT",
  "OBJECT_TRIGGER",
]);

/** A table, or of one that stays a column or constraint with IF EXISTS. */
function drops(node: Node): boolean {
  if ("DropStmt" in node) return true;
  return "AlterTableStmt" in node && commandsOf(node).some((cmd) => isDrop(cmd) && cmd.missing_ok === true);
}

function makes(node: Node): boolean {
  if ("AlterTableStmt" in node) return commandsOf(node).some((cmd) => !isDrop(cmd));
  return !("DropStmt" in node);
}

function isDrop({ subtype }: AlterTableCmd): boolean {
  return subtype === "AT_DropColumn" || subtype === "AT_DropConstraint";
}

function isRepeatable(node: Node): boolean {
  const [type = "", body] = Object.entries(node)[0] ?? [];
  if ("AlterTableStmt" in node)
    return commandsOf(node).every(({ subtype = "", missing_ok }) => missing_ok === true || !ONCE.has(subtype));
  if ("AlterEnumStmt" in node) return node.AlterEnumStmt.skipIfNewValExists === true;
  // With IF EXISTS: a second time the table itself is not there, but a column's table is.
  if ("RenameStmt" in node) return node.RenameStmt.missing_ok === true && node.RenameStmt.subname === undefined;
  return !(type === "DropStmt" || MAKES.has(type)) || isGuarded(body);
}

function commandsOf({ AlterTableStmt }: Extract<Node, { AlterTableStmt: unknown }>) {
  return (AlterTableStmt.cmds ?? []).flatMap((cmd) => ("AlterTableCmd" in cmd ? [cmd.AlterTableCmd] : []));
}

/** Of ALTER TABLE, what fails where it was done already; all else says how something should be. */
const ONCE: ReadonlySet<string> = new Set([
  "AT_AddColumn",
  "AT_AddConstraint",
  "AT_AddIdentity",
  "AT_AddInherit",
  "AT_AttachPartition",
  "AT_DetachPartition",
  "AT_DropColumn",
  "AT_DropConstraint",
  "AT_DropExpression",
  "AT_DropIdentity",
  "AT_DropInherit",
]);

/** What makes something of a name that can be there once. */
const MAKES: ReadonlySet<string> = new Set([
  "AlterObjectSchemaStmt",
  "CompositeTypeStmt",
  "CreateDomainStmt",
  "CreateEnumStmt",
  "CreateForeignTableStmt",
  "CreateFunctionStmt",
  "CreatePolicyStmt",
  "CreateRangeStmt",
  "CreateSeqStmt",
  "CreateStatsStmt",
  "CreateStmt",
  "CreateTableAsStmt",
  "CreateTrigStmt",
  "DefineStmt",
  "IndexStmt",
  "RuleStmt",
  "SelectStmt",
  "ViewStmt",
]);
