import type { Node } from "libpg-query";

/** What a statement does to a transaction: ends or begins one, works inside one, or nothing. */
export function transactionKind(node: Node): "control" | "savepoint" | "none" {
  if (!("TransactionStmt" in node)) return "none";
  switch (node.TransactionStmt.kind) {
    case "TRANS_STMT_SAVEPOINT":
    case "TRANS_STMT_RELEASE":
    case "TRANS_STMT_ROLLBACK_TO":
      return "savepoint";
    default:
      return "control";
  }
}

/**
 * True for the statements that PostgreSQL refuses inside a transaction block with SQLSTATE 25001
 * (PreventInTransactionBlock; each is named so in the manual's reference page of the command).
 */
export function forbidsTransaction(node: Node): boolean {
  if ("IndexStmt" in node) return node.IndexStmt.concurrent === true;
  if ("DropStmt" in node) return node.DropStmt.concurrent === true;
  if ("ReindexStmt" in node) return isConcurrent(node.ReindexStmt.params) || reindexesMany(node.ReindexStmt.kind);
  if ("VacuumStmt" in node) return node.VacuumStmt.is_vacuumcmd === true;
  if ("ClusterStmt" in node) return node.ClusterStmt.relation === undefined;
  if ("AlterTableStmt" in node) return (node.AlterTableStmt.cmds ?? []).some(detachesConcurrently);
  return (
    "CreatedbStmt" in node ||
    "DropdbStmt" in node ||
    "CreateTableSpaceStmt" in node ||
    "DropTableSpaceStmt" in node ||
    "AlterSystemStmt" in node ||
    "CreateSubscriptionStmt" in node ||
    "DropSubscriptionStmt" in node ||
    ("AlterSubscriptionStmt" in node && node.AlterSubscriptionStmt.kind === "ALTER_SUBSCRIPTION_REFRESH") ||
    ("AlterDatabaseStmt" in node && setsTablespace(node.AlterDatabaseStmt.options))
  );
}

function isConcurrent(params: readonly Node[] | undefined): boolean {
  return (params ?? []).some((param) => {
    if (!("DefElem" in param) || param.DefElem.defname !== "concurrently") return false;
    // REINDEX (CONCURRENTLY false) is an ordinary one.
    const value = param.DefElem.arg;
    return !(value && "String" in value && ["false", "off"].includes(value.String.sval ?? ""));
  });
}

function setsTablespace(options: readonly Node[] | undefined): boolean {
  return (options ?? []).some((option) => "DefElem" in option && option.DefElem.defname === "tablespace");
}

function reindexesMany(kind: string | undefined): boolean {
  return kind === "REINDEX_OBJECT_SCHEMA" || kind === "REINDEX_OBJECT_SYSTEM" || kind === "REINDEX_OBJECT_DATABASE";
}

function detachesConcurrently(command: Node): boolean {
  if (!("AlterTableCmd" in command)) return false;
  const { subtype, def } = command.AlterTableCmd;
  return (
    subtype === "AT_DetachPartition" &&
    def !== undefined &&
    "PartitionCmd" in def &&
    def.PartitionCmd.concurrent === true
  );
}
