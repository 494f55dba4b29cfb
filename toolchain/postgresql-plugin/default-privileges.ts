import { escapeIdentifier } from "pg";
import type { Connection, Statement } from "./connection.ts";
import { completed, type InputType, same, strings, wrongInputs } from "./inputs.ts";
import {
  exists,
  explainGrant,
  explainRevoke,
  granteeSql,
  recordedPrivileges,
  type Scope,
  wrongPrivileges,
} from "./privileges.ts";
import type { Properties, ResourceType, State } from "./resource-type.ts";

const inputTypes: Readonly<Record<string, InputType>> = {
  role: "string",
  database: "string",
  schema: "string",
  owner: "string",
  objectType: "string",
  privileges: "strings",
  withGrantOption: "boolean",
};
/** How pg_default_acl calls them. */
const objectTypes: Readonly<Record<string, string>> = {
  table: "r",
  sequence: "S",
  function: "f",
  routine: "f",
  type: "T",
  schema: "n",
};

/** The privileges that a role gets on what an owner makes from now on, in one schema or in the whole database. */
export const defaultPrivilegesType: ResourceType = {
  token: "postgresql:index/defaultPrivileges:DefaultPrivileges",

  check: (_urnName, _olds, news) => ({
    inputs: completed(news, {}),
    failures: [
      ...wrongInputs(inputTypes, news),
      ...wrongPrivileges(news, Object.keys(objectTypes)),
      ...(news.objectType === "schema" && news.schema !== undefined
        ? [{ property: "schema", reason: "a schema is not in a schema: leave it out" }]
        : []),
    ],
  }),

  diff: (olds, news) => ({
    update: same(olds.privileges, news.privileges, [], true) ? [] : ["privileges"],
    replace: [
      ...["role", "database", "schema", "owner", "objectType"].filter((key) => !same(olds[key], news[key], null)),
      ...(same(olds.withGrantOption, news.withGrantOption, false) ? [] : ["withGrantOption"]),
    ],
  }),

  preview: (_connection, inputs) => outputsOf(inputs, inputs.privileges),
  create: grant,
  update: (connection, _olds, news) => grant(connection, news),

  async read(connection, _id, outputs, inputs) {
    // As with the official plugin, there is no import: an id does not tell its parts.
    if (outputs.role === undefined || !(await exists(connection, scopeOf(outputs)))) return undefined;
    const privileges = await privilegesOf(connection, outputs);
    if (privileges.length === 0 && strings(outputs.privileges).length > 0) return undefined;
    const kept = same(inputs.privileges, privileges, [], true);
    return {
      id: idOf(outputs),
      outputs: outputsOf(outputs, privileges),
      inputs: kept ? inputs : { ...inputs, privileges },
    };
  },

  delete: (connection, outputs) =>
    connection.transaction(String(outputs.database), [revoke(outputs, { ...explainGrant, ...explainRevoke })]),
};

async function grant(connection: Connection, inputs: Properties): Promise<State> {
  const privileges = strings(inputs.privileges);
  const granting: Statement = {
    sql:
      `${alter(inputs)} GRANT ${privileges.join(", ")} ON ${plural(inputs)} TO ${escapeIdentifier(String(inputs.role))}` +
      (inputs.withGrantOption === true ? " WITH GRANT OPTION" : ""),
    doing: `grant ${privileges.join(", ")} on ${label(inputs)}`,
    explain: explainGrant,
  };
  await connection.transaction(String(inputs.database), [
    revoke(inputs, explainGrant),
    ...(privileges.length > 0 ? [granting] : []),
  ]);
  return { id: idOf(inputs), outputs: outputsOf(inputs, await privilegesOf(connection, inputs)), inputs };
}

function revoke(properties: Properties, explain: Readonly<Record<string, string>>): Statement {
  const from = escapeIdentifier(String(properties.role));
  return {
    sql: `${alter(properties)} REVOKE ALL PRIVILEGES ON ${plural(properties)} FROM ${from}`,
    doing: `revoke the privileges on ${label(properties)}`,
    explain,
  };
}

function alter({ owner, schema }: Properties): string {
  const inSchema = schema === undefined ? "" : ` IN SCHEMA ${escapeIdentifier(String(schema))}`;
  return `ALTER DEFAULT PRIVILEGES FOR ROLE ${escapeIdentifier(String(owner))}${inSchema}`;
}

const plural = ({ objectType }: Properties): string => `${String(objectType).toUpperCase()}S`;

function label({ role, database, schema, owner, objectType }: Properties): string {
  const inSchema = schema === undefined ? "" : `schema "${schema}" of `;
  return `${objectType}s that role "${owner}" will make in ${inSchema}database "${database}", for role "${role}"`;
}

async function privilegesOf(connection: Connection, properties: Properties): Promise<readonly string[]> {
  const { role, database, schema, owner, privileges } = properties;
  const objectType = String(properties.objectType);
  const [row] = await connection.query({
    database: String(database),
    sql:
      "SELECT coalesce(array_agg(acl.privilege_type), '{}') AS privileges " +
      "FROM pg_catalog.pg_default_acl, aclexplode(defaclacl) acl " +
      `WHERE acl.grantee = ${granteeSql} AND defaclrole = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $2) ` +
      "AND defaclnamespace = coalesce((SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $3), 0) " +
      "AND defaclobjtype = $4",
    values: [role, owner, schema ?? null, objectTypes[objectType]],
    doing: `read the privileges on ${label(properties)}`,
  });
  return recordedPrivileges(objectType, privileges, strings(row?.privileges));
}

function scopeOf({ role, database, schema }: Properties): Scope {
  return { role: String(role), database: String(database), schema: schema === undefined ? schema : String(schema) };
}

function idOf({ role, database, schema, owner, objectType }: Properties): string {
  return [role, database, schema ?? "noschema", owner, objectType].join("_");
}

function outputsOf(known: Properties, privileges: unknown): Properties {
  const { __defaults, __pulumi_raw_state_delta, ...given } = known;
  return {
    withGrantOption: false,
    ...given,
    privileges: Array.isArray(privileges) ? privileges.toSorted() : privileges,
  };
}
