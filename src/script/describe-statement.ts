import type { Node } from "libpg-query";
import { describeAlterTable } from "./describe-alter-table.ts";
import type { Effect, Holder } from "./effect.ts";
import { columns, kindName, lastName, nameOf, objectName, partsOf, relationName, tableIn, typeName } from "./names.ts";
import { queriesIn } from "./queries-in.ts";

/** What a statement does, in plain words; most do one thing, an ALTER TABLE as many as it lists. */
export function describeStatement(node: Node, sql: string): readonly Effect[] {
  const deleted = queriesIn(node).flatMap((query) => describeStatement(query, "").filter(({ drops }) => drops));
  return [...describeItself(node, sql), ...deleted];
}

function describeItself(node: Node, sql: string): readonly Effect[] {
  if ("AlterTableStmt" in node) return describeAlterTable(node.AlterTableStmt);
  if ("DropStmt" in node) return describeDrop(node);
  if ("TruncateStmt" in node) {
    const { relations = [], behavior } = node.TruncateStmt;
    const cascade = behavior === "DROP_CASCADE" ? " and of all tables that refer to it" : "";
    return relations.map((table) => ({
      ...drop(`delete all rows of ${nameOf(table)}${cascade} (TRUNCATE)`),
      ...("RangeVar" in table && { holder: tableIn(table.RangeVar) }),
    }));
  }
  if ("DropOwnedStmt" in node) {
    const roles = (node.DropOwnedStmt.roles ?? []).map(nameOf).join(", ");
    return [drop(`drop all that belongs to ${roles}, in every schema`)];
  }
  if ("DropdbStmt" in node) return [drop(`drop database ${node.DropdbStmt.dbname}`)];
  if ("DropRoleStmt" in node) return (node.DropRoleStmt.roles ?? []).map((role) => drop(`drop role ${nameOf(role)}`));
  if ("DeleteStmt" in node) {
    const { relation, whereClause } = node.DeleteStmt;
    return [drop(`delete ${whereClause ? "some" : "all"} rows of ${relationName(relation)}`)];
  }
  if ("MergeStmt" in node) {
    const { relation, mergeWhenClauses = [] } = node.MergeStmt;
    const deletes = mergeWhenClauses.some(
      (when) => "MergeWhenClause" in when && when.MergeWhenClause.commandType === "CMD_DELETE",
    );
    return [{ words: `merge rows into ${relationName(relation)}${deletes ? ", deleting some" : ""}`, drops: deletes }];
  }
  return [does(describeCreate(node) ?? describeChange(node) ?? firstLine(sql))];
}

function describeCreate(node: Node): string | undefined {
  if ("CreateStmt" in node) {
    const { relation, tableElts = [] } = node.CreateStmt;
    const names = tableElts.flatMap((element) => ("ColumnDef" in element ? [element.ColumnDef.colname ?? ""] : []));
    return `create table ${relationName(relation)}${names.length > 0 ? ` (${names.join(", ")})` : ""}`;
  }
  if ("CreateTableAsStmt" in node) {
    const { objtype, into } = node.CreateTableAsStmt;
    return `create ${kindName(objtype)} ${relationName(into?.rel)} from a query`;
  }
  if ("IndexStmt" in node) {
    const { unique, idxname, relation, indexParams = [], whereClause, concurrent } = node.IndexStmt;
    const named = idxname ? ` ${idxname}` : "";
    const part = whereClause ? ", partial" : "";
    const how = concurrent ? ", concurrently" : "";
    return `create ${unique ? "unique " : ""}index${named} on ${relationName(relation)} (${columns(indexParams)})${part}${how}`;
  }
  if ("ViewStmt" in node) return `${created(node.ViewStmt.replace)} view ${relationName(node.ViewStmt.view)}`;
  if ("CreateFunctionStmt" in node) {
    const { replace, is_procedure, funcname } = node.CreateFunctionStmt;
    return `${created(replace)} ${is_procedure ? "procedure" : "function"} ${lastName(funcname)}()`;
  }
  if ("CreateTrigStmt" in node) {
    const { replace, trigname, relation, funcname } = node.CreateTrigStmt;
    return `${created(replace)} trigger ${trigname} on ${relationName(relation)}, calling ${lastName(funcname)}()`;
  }
  if ("CreateEnumStmt" in node) {
    const labels = (node.CreateEnumStmt.vals ?? []).map(nameOf).join(", ");
    return `create enum ${lastName(node.CreateEnumStmt.typeName)} (${labels})`;
  }
  if ("CompositeTypeStmt" in node) return `create type ${relationName(node.CompositeTypeStmt.typevar)}`;
  if ("CreateRangeStmt" in node) return `create range type ${lastName(node.CreateRangeStmt.typeName)}`;
  if ("CreateDomainStmt" in node) {
    return `create domain ${lastName(node.CreateDomainStmt.domainname)} as ${typeName(node.CreateDomainStmt.typeName)}`;
  }
  if ("CreateSeqStmt" in node) return `create sequence ${relationName(node.CreateSeqStmt.sequence)}`;
  if ("CreateSchemaStmt" in node) return `create schema ${node.CreateSchemaStmt.schemaname}`;
  if ("CreateExtensionStmt" in node) return `create extension ${node.CreateExtensionStmt.extname}`;
  if ("CreatePolicyStmt" in node) {
    return `create policy ${node.CreatePolicyStmt.policy_name} on ${relationName(node.CreatePolicyStmt.table)}`;
  }
  if ("RuleStmt" in node) return `create rule ${node.RuleStmt.rulename} on ${relationName(node.RuleStmt.relation)}`;
  return undefined;
}

function describeChange(node: Node): string | undefined {
  if ("InsertStmt" in node) return `insert rows into ${relationName(node.InsertStmt.relation)}`;
  if ("UpdateStmt" in node) {
    const { relation, targetList = [], whereClause } = node.UpdateStmt;
    return `update ${whereClause ? "some" : "all"} rows of ${relationName(relation)} (${columns(targetList)})`;
  }
  if ("CopyStmt" in node) {
    const { relation } = node.CopyStmt;
    return relation ? `copy rows of ${relationName(relation)}` : "copy rows of a query";
  }
  if ("RenameStmt" in node) return describeRename(node.RenameStmt);
  if ("AlterEnumStmt" in node) {
    const { typeName: type, oldVal, newVal } = node.AlterEnumStmt;
    const change = oldVal === undefined ? `add '${newVal}' to` : `rename '${oldVal}' to '${newVal}' in`;
    return `${change} enum ${lastName(type)}`;
  }
  if ("CommentStmt" in node) {
    const { comment, objtype, object } = node.CommentStmt;
    return `${comment ? "comment on" : "remove the comment from"} ${kindName(objtype)} ${objectName(object, objtype)}`;
  }
  if ("GrantStmt" in node) {
    const { is_grant, privileges = [], objects = [], objtype, targtype, grantees = [] } = node.GrantStmt;
    const rights = privileges.map((right) => ("AccessPriv" in right ? right.AccessPriv.priv_name : "")).join(", ");
    const whom = `${is_grant ? "to" : "from"} ${grantees.map((role) => nameOf(role) || "public").join(", ")}`;
    const names = objects.map(nameOf).join(", ");
    const on =
      targtype === "ACL_TARGET_ALL_IN_SCHEMA"
        ? `every ${kindName(objtype)} in schema ${names}`
        : `${kindName(objtype)} ${names}`;
    return `${is_grant ? "grant" : "revoke"} ${rights || "all rights"} on ${on} ${whom}`;
  }
  if ("RefreshMatViewStmt" in node) {
    const { relation, concurrent } = node.RefreshMatViewStmt;
    return `refresh materialized view ${relationName(relation)}${concurrent ? ", concurrently" : ""}`;
  }
  if ("AlterSeqStmt" in node) return `change sequence ${relationName(node.AlterSeqStmt.sequence)}`;
  if ("VariableSetStmt" in node) {
    const { kind, name } = node.VariableSetStmt;
    if (kind === "VAR_RESET_ALL") return "reset all settings";
    return `${kind === "VAR_RESET" ? "reset" : "set"} ${name}`;
  }
  if ("DoStmt" in node) return "run a DO block";
  return undefined;
}

type RenameStmt = Extract<Node, { RenameStmt: unknown }>["RenameStmt"];

function describeRename({ renameType, relation, object, subname, newname }: RenameStmt): string {
  if (renameType === "OBJECT_SCHEMA" || renameType === "OBJECT_ROLE") {
    return `rename ${kindName(renameType)} ${subname} to ${newname}`;
  }
  const on = relation ? relationName(relation) : object ? objectName(object, renameType) : "";
  return subname === undefined
    ? `rename ${kindName(renameType)} ${on} to ${newname}`
    : `rename ${kindName(renameType)} ${on}.${subname} to ${newname}`;
}

function describeDrop({ DropStmt }: Extract<Node, { DropStmt: unknown }>): readonly Effect[] {
  const { objects = [], removeType, behavior, concurrent } = DropStmt;
  const cascade = behavior === "DROP_CASCADE" ? " and all that depends on it" : "";
  const how = concurrent ? ", concurrently" : "";
  return objects.map((object) => ({
    ...drop(`drop ${kindName(removeType)} ${objectName(object, removeType)}${cascade}${how}`),
    ...(removeType === "OBJECT_TABLE" && { holder: tableNamed(object) }),
  }));
}

function tableNamed(object: Node): Holder {
  const [schemaname, relname] = partsOf(object).slice(-2);
  return relname === undefined ? { table: schemaname ?? "" } : { schema: schemaname, table: relname };
}

function created(replace: boolean | undefined): string {
  return replace ? "create or replace" : "create";
}

function does(words: string): Effect {
  return { words, drops: false };
}

function drop(words: string): Effect {
  return { words, drops: true };
}

/** For the statements that have no words of their own here: their own beginning. */
function firstLine(sql: string): string {
  const line = sql.replaceAll(/\s+/g, " ").trim();
  return line.length > 70 ? `${line.slice(0, 69)}…` : line;
}
