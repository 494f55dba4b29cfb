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
  if (kind !== undefined) return { kind, repeatable: REPEATABLE.has(type) || isGuarded(body) || setsOptions(body) };
  if ("DropStmt" in node) return ofObject(node.DropStmt.removeType, node.DropStmt.missing_ok === true);
  // A second time, the old name is gone.
  if ("RenameStmt" in node) return ofObject(node.RenameStmt.renameType, false);
  if ("AlterObjectSchemaStmt" in node) return ofObject(node.AlterObjectSchemaStmt.objectType, true);
  if ("AlterOwnerStmt" in node) return ofObject(node.AlterOwnerStmt.objectType, true);
  return undefined;
}

function ofObject(type: string | undefined, repeatable: boolean): DatabaseWide | undefined {
  const kind = OBJECTS[type ?? ""];
  return kind === undefined ? undefined : { kind, repeatable };
}

/** IF NOT EXISTS, IF EXISTS, OR REPLACE, as the grammar calls them. */
export function isGuarded(body: object | undefined): boolean {
  return (
    body !== undefined && ["if_not_exists", "missing_ok", "replace"].some((key) => Reflect.get(body, key) === true)
  );
}

/** ALTER SERVER and its kin: OPTIONS (SET …) says how it should be; to ADD or DROP one fails where that was done. */
function setsOptions(body: object | undefined): boolean {
  const { options = [] } = (body ?? {}) as { readonly options?: readonly Node[] };
  return options.length > 0 && options.every((each) => "DefElem" in each && each.DefElem.defaction === "DEFELEM_SET");
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
  AlterFdwStmt: "foreign data wrapper",
  AlterForeignServerStmt: "foreign server",
  AlterUserMappingStmt: "user mapping",
  AlterExtensionContentsStmt: "extension",
  DropOwnedStmt: "role",
  ReassignOwnedStmt: "role",
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
  "AlterExtensionContentsStmt",
  "ReassignOwnedStmt",
]);

const OBJECTS: Readonly<Record<string, string>> = {
  OBJECT_EXTENSION: "extension",
  OBJECT_SCHEMA: "schema",
  OBJECT_PUBLICATION: "publication",
  OBJECT_EVENT_TRIGGER: "event trigger",
  OBJECT_LANGUAGE: "language",
  OBJECT_FDW: "foreign data wrapper",
  OBJECT_FOREIGN_SERVER: "foreign server",
  OBJECT_ACCESS_METHOD: "access method",
  OBJECT_ROLE: "role",
  OBJECT_DATABASE: "database",
  OBJECT_TABLESPACE: "tablespace",
  OBJECT_SUBSCRIPTION: "subscription",
};
