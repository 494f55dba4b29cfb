import type { AlterTableCmd, Node } from "libpg-query";
import { isGuarded } from "./database-wide.ts";
import { lastName, type Name, partsOf } from "./names.ts";
import { movedTo, OF_ANOTHER, targetsOf, withoutMethod } from "./targets.ts";

/** Something in a schema that a statement names: what it makes or drops there, or changes for good. */
export interface Thing {
  readonly does: "makes" | "drops" | "changes";
  /** By kind and name, so that what makes it and what drops it say the same; a function with its arguments, and without. */
  readonly names: readonly string[];
  /** What takes it along when it goes: a column's table. */
  readonly of: readonly string[];
  /** False where doing it a second time is no error: IF EXISTS and its kin. */
  readonly once: boolean;
}

/** Tells of a script's things, in their order, those that it drops and makes anew, or makes and drops: these can be done again. */
export function renewal(things: readonly Thing[]): (thing: Thing) => boolean {
  const doings = things.flatMap((thing) => thing.names.map((name) => ({ name, thing })));
  const renewed = new Set(
    [...Map.groupBy(doings, ({ name }) => name)].flatMap(([name, each]) => {
      const [first, last] = [each[0]?.thing, each.at(-1)?.thing];
      const isGone = first?.does === "drops" && !first.once;
      return isGone || first?.does !== last?.does ? [name] : [];
    }),
  );
  return ({ names, of }) => [...names, ...of].some((name) => renewed.has(name));
}

/** What a statement does that could fail the second time. All else says how something should be. */
export function thingsOf(node: Node): readonly Thing[] {
  const [type = "", body] = Object.entries(node)[0] ?? [];
  const once = !isGuarded(body);
  if ("AlterTableStmt" in node) return commandsOf(node);
  if ("AlterDomainStmt" in node) {
    const { subtype = "", typeName = [], name, def } = node.AlterDomainStmt;
    const does = DOMAIN_COMMANDS[subtype];
    return does ? partOf(does, "OBJECT_DOMCONSTRAINT", typeName.flatMap(partsOf), name ?? nameIn(def), once) : [];
  }
  if ("AlterEnumStmt" in node) {
    const { typeName = [], skipIfNewValExists } = node.AlterEnumStmt;
    return partOf("changes", "", typeName.flatMap(partsOf), undefined, skipIfNewValExists !== true);
  }
  if ("RenameStmt" in node) return renamed(node);
  if ("AlterObjectSchemaStmt" in node) {
    const { objectType = "", relation, object } = node.AlterObjectSchemaStmt;
    const from = relation ? partsOf({ RangeVar: relation }) : object ? partsOf(object) : [];
    const [to = []] = movedTo(node.AlterObjectSchemaStmt);
    // IF EXISTS does not help where each schema has one to move.
    return [...whole("drops", objectType, from, once), ...whole("makes", objectType, to, once || from.length < 2)];
  }
  if ("DropStmt" in node) {
    const { objects = [], removeType = "" } = node.DropStmt;
    return objects.flatMap((object) => {
      const parts = withoutMethod(partsOf(object), removeType);
      if (OF_ANOTHER.has(removeType)) return partOf("drops", removeType, parts.slice(0, -1), parts.at(-1), once);
      return whole("drops", removeType, parts, once, isFunction(removeType) ? argumentsOf(object) : undefined);
    });
  }
  return MAKES[type] === undefined ? [] : made(node, MAKES[type], once);
}

function made(node: Node, fixed: string, once: boolean): readonly Thing[] {
  const [target = []] = targetsOf(node);
  if ("CreateTrigStmt" in node) return partOf("makes", fixed, target, node.CreateTrigStmt.trigname, once);
  if ("CreatePolicyStmt" in node) return partOf("makes", fixed, target, node.CreatePolicyStmt.policy_name, once);
  if ("RuleStmt" in node) return partOf("makes", fixed, target, node.RuleStmt.rulename, once);
  if ("IndexStmt" in node) {
    // In its table's schema, by a name of its own.
    const [index] = whole("makes", fixed, [...target.slice(0, -1), node.IndexStmt.idxname ?? ""], once);
    return index ? [{ ...index, of: owners(target) }] : [];
  }
  const kind = "CreateTableAsStmt" in node ? node.CreateTableAsStmt.objtype : undefined;
  const defined = "DefineStmt" in node ? node.DefineStmt.kind : undefined;
  const args = argumentsOf(node);
  const things = whole("makes", kind ?? defined ?? fixed, target, once, args);
  const bare = args === undefined ? [] : [keyOf(fixed, target)];
  return things.map((thing) => ({ ...thing, names: [...thing.names, ...bare] }));
}

function commandsOf({ AlterTableStmt }: Extract<Node, { AlterTableStmt: unknown }>): readonly Thing[] {
  const { relation, cmds = [] } = AlterTableStmt;
  const table = relation ? partsOf({ RangeVar: relation }) : [];
  return cmds.flatMap((cmd) => ("AlterTableCmd" in cmd ? commandOf(cmd.AlterTableCmd, table) : []));
}

function commandOf({ subtype, name, def, missing_ok }: AlterTableCmd, table: Name): readonly Thing[] {
  const command = TABLE_COMMANDS[subtype ?? ""];
  return command ? partOf(command[0], command[1], table, name ?? nameIn(def), missing_ok !== true) : [];
}

/** The old name goes, the new one comes. */
function renamed({ RenameStmt }: Extract<Node, { RenameStmt: unknown }>): readonly Thing[] {
  const { renameType = "", relation, object, subname, newname, missing_ok } = RenameStmt;
  const from = relation ? partsOf({ RangeVar: relation }) : object ? withoutMethod(partsOf(object), renameType) : [];
  if (subname !== undefined) {
    // IF EXISTS is about the table, which is still there the second time.
    return [...partOf("drops", renameType, from, subname, true), ...partOf("makes", renameType, from, newname, true)];
  }
  const to = [...from.slice(0, -1), newname ?? ""];
  const once = missing_ok !== true;
  return [...whole("drops", renameType, from, once), ...whole("makes", renameType, to, once)];
}

/** None where the script leaves the schema to the search path: there each schema has its own. */
function whole(does: Thing["does"], kind: string, parts: Name, once: boolean, args?: readonly string[]) {
  return parts.length < 2 ? [] : [{ does, names: [keyOf(kind, parts, args)], of: [] as readonly string[], once }];
}

function partOf(does: Thing["does"], kind: string, owner: Name, name: string | undefined, once: boolean) {
  const names = name === undefined ? [] : [keyOf(kind, [...owner, name])];
  return owner.length < 2 ? [] : [{ does, names, of: owners(owner), once }];
}

function keyOf(kind: string, parts: Name, args: readonly string[] = []): string {
  return JSON.stringify([SAME_KIND[kind] ?? kind, ...parts, ...(args.length > 0 ? [args] : [])]);
}

function isFunction(kind: string): boolean {
  return (SAME_KIND[kind] ?? kind) === "OBJECT_FUNCTION";
}

function owners(name: Name): readonly string[] {
  return OWNERS.map((kind) => keyOf(kind, name));
}

const OWNERS = [
  "OBJECT_DOMAIN",
  "OBJECT_FOREIGN_TABLE",
  "OBJECT_MATVIEW",
  "OBJECT_TABLE",
  "OBJECT_TYPE",
  "OBJECT_VIEW",
];

const SAME_KIND: Readonly<Record<string, string>> = {
  OBJECT_ATTRIBUTE: "OBJECT_COLUMN",
  OBJECT_PROCEDURE: "OBJECT_FUNCTION",
  OBJECT_ROUTINE: "OBJECT_FUNCTION",
};

function nameIn(def: Node | undefined): string | undefined {
  if (def && "ColumnDef" in def) return def.ColumnDef.colname;
  return def && "Constraint" in def ? def.Constraint.conname : undefined;
}

/** The types that tell functions of one name apart; undefined where none are said. */
function argumentsOf(node: Node): readonly string[] | undefined {
  if ("CreateFunctionStmt" in node) {
    const parameters = (node.CreateFunctionStmt.parameters ?? []).flatMap((each) =>
      "FunctionParameter" in each ? [each.FunctionParameter] : [],
    );
    return [
      "()",
      ...parameters.flatMap(({ mode, argType }) => (RETURNED.has(mode ?? "") ? [] : lastName(argType?.names))),
    ];
  }
  if (!("ObjectWithArgs" in node) || node.ObjectWithArgs.args_unspecified) return undefined;
  const types = node.ObjectWithArgs.objargs ?? [];
  return ["()", ...types.flatMap((each) => ("TypeName" in each ? lastName(each.TypeName.names) : []))];
}

const RETURNED: ReadonlySet<string> = new Set(["FUNC_PARAM_OUT", "FUNC_PARAM_TABLE"]);

const DOMAIN_COMMANDS: Readonly<Record<string, Thing["does"]>> = { C: "makes", X: "drops" };

/** Of ALTER TABLE, what fails where it was done already. */
const TABLE_COMMANDS: Readonly<Record<string, readonly [Thing["does"], string]>> = {
  AT_AddColumn: ["makes", "OBJECT_COLUMN"],
  AT_AddConstraint: ["makes", "OBJECT_TABCONSTRAINT"],
  AT_AddIdentity: ["makes", "identity"],
  AT_AddInherit: ["changes", ""],
  AT_AttachPartition: ["changes", ""],
  AT_DetachPartition: ["changes", ""],
  AT_DropColumn: ["drops", "OBJECT_COLUMN"],
  AT_DropConstraint: ["drops", "OBJECT_TABCONSTRAINT"],
  AT_DropExpression: ["changes", ""],
  AT_DropIdentity: ["drops", "identity"],
  AT_DropInherit: ["changes", ""],
};

/** What makes something of a name that can be there once, and its kind where the statement has no other. */
const MAKES: Readonly<Record<string, string>> = {
  CompositeTypeStmt: "OBJECT_TYPE",
  CreateDomainStmt: "OBJECT_DOMAIN",
  CreateEnumStmt: "OBJECT_TYPE",
  CreateForeignTableStmt: "OBJECT_FOREIGN_TABLE",
  CreateFunctionStmt: "OBJECT_FUNCTION",
  CreatePolicyStmt: "OBJECT_POLICY",
  CreateRangeStmt: "OBJECT_TYPE",
  CreateSeqStmt: "OBJECT_SEQUENCE",
  CreateStatsStmt: "OBJECT_STATISTIC_EXT",
  CreateStmt: "OBJECT_TABLE",
  CreateTableAsStmt: "OBJECT_TABLE",
  CreateTrigStmt: "OBJECT_TRIGGER",
  DefineStmt: "",
  IndexStmt: "OBJECT_INDEX",
  RuleStmt: "OBJECT_RULE",
  SelectStmt: "OBJECT_TABLE",
  ViewStmt: "OBJECT_VIEW",
};
