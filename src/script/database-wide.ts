import type { Node } from "libpg-query";

/** What a statement changes for all schemas of a database, or of a server. */
export interface DatabaseWide {
  /** `role`, `extension`: what there is one of, whatever the schema. */
  readonly kind: string;
  /** True where running it a second time, for the next schema, does no harm. */
  readonly repeatable: boolean;
}

/**
 * Recognises the statements whose objects belong to no schema: run for a thousand schemas, they run a thousand times. What a
 * DO block or a function does is not looked into.
 */
export function databaseWide(node: Node): DatabaseWide | undefined {
  const [type = "", body] = Object.entries(node)[0] ?? [];
  const kind = KINDS[type];
  if (kind !== undefined) return { kind, repeatable: REPEATABLE.has(type) || isGuarded(body) };
  if (!("DropStmt" in node)) return undefined;
  const dropped = DROPPED[node.DropStmt.removeType ?? ""];
  return dropped === undefined ? undefined : { kind: dropped, repeatable: node.DropStmt.missing_ok === true };
}

/** IF NOT EXISTS, IF EXISTS, OR REPLACE, as the grammar calls them. */
function isGuarded(body: object | undefined): boolean {
  return (
    body !== undefined && ["if_not_exists", "missing_ok", "replace"].some((key) => Reflect.get(body, key) === true)
  );
}

const KINDS: Readonly<Record<string, string>> = {
  CreateRoleStmt: "role",
  AlterRoleStmt: "role",
  AlterRoleSetStmt: "role",
  DropRoleStmt: "role",
  GrantRoleStmt: "role",
  CreateExtensionStmt: "extension",
  AlterExtensionStmt: "extension",
  CreateSchemaStmt: "schema",
  CreatePublicationStmt: "publication",
  AlterPublicationStmt: "publication",
  CreateSubscriptionStmt: "subscription",
  AlterSubscriptionStmt: "subscription",
  DropSubscriptionStmt: "subscription",
  AlterSystemStmt: "server setting",
  CreatedbStmt: "database",
  AlterDatabaseStmt: "database",
  AlterDatabaseSetStmt: "database",
  DropdbStmt: "database",
  CreateTableSpaceStmt: "tablespace",
  DropTableSpaceStmt: "tablespace",
  CreateEventTrigStmt: "event trigger",
  AlterEventTrigStmt: "event trigger",
  CreatePLangStmt: "language",
  CreateFdwStmt: "foreign data wrapper",
  CreateForeignServerStmt: "foreign server",
  CreateUserMappingStmt: "user mapping",
  DropUserMappingStmt: "user mapping",
  CreateAmStmt: "access method",
};

/** Those that say how something should be, so that saying it again changes nothing. */
const REPEATABLE: ReadonlySet<string> = new Set([
  "AlterRoleStmt",
  "AlterRoleSetStmt",
  "GrantRoleStmt",
  "AlterExtensionStmt",
  // A table of the schema comes in, or goes: another one for each schema.
  "AlterPublicationStmt",
  "AlterSubscriptionStmt",
  "AlterSystemStmt",
  "AlterDatabaseStmt",
  "AlterDatabaseSetStmt",
  "AlterEventTrigStmt",
]);

const DROPPED: Readonly<Record<string, string>> = {
  OBJECT_EXTENSION: "extension",
  OBJECT_SCHEMA: "schema",
  OBJECT_PUBLICATION: "publication",
  OBJECT_EVENT_TRIGGER: "event trigger",
  OBJECT_LANGUAGE: "language",
  OBJECT_FDW: "foreign data wrapper",
  OBJECT_FOREIGN_SERVER: "foreign server",
  OBJECT_ACCESS_METHOD: "access method",
};
