import { escapeIdentifier } from "pg";
import type { Connection, Statement } from "./connection.ts";
import { completed, type InputType, notHere, same, strings, wrongInputs } from "./inputs.ts";
import {
  exists,
  explainGrant,
  explainRevoke,
  granteeSql,
  recordedPrivileges,
  type Scope,
  wrongPrivileges,
} from "./privileges.ts";
import type { CheckFailure, Properties, ResourceType, State } from "./resource-type.ts";

const inputTypes: Readonly<Record<string, InputType>> = {
  role: "string",
  database: "string",
  schema: "string",
  objectType: "string",
  objects: "strings",
  privileges: "strings",
  withGrantOption: "boolean",
};
const objectTypes = ["database", "schema", "table", "sequence", "function"] as const;

/**
 * The privileges of one role on a database, a schema, or objects in a schema: those that are there when it is created, all of
 * a type or the named ones. It is authoritative: what else the role has on them is revoked.
 */
export const grantType: ResourceType = {
  token: "postgresql:index/grant:Grant",

  check: (_urnName, _olds, news) => ({
    inputs: completed(news, {}),
    failures: [...wrongInputs(inputTypes, news), ...wrongPrivileges(news, objectTypes), ...wrongScope(news)],
  }),

  diff: (olds, news) => ({
    update: same(olds.privileges, news.privileges, [], true) ? [] : ["privileges"],
    replace: [
      ...["role", "database", "schema", "objectType"].filter((key) => !same(olds[key], news[key], null)),
      ...(same(olds.objects, news.objects, [], true) ? [] : ["objects"]),
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

function wrongScope({ objectType, schema, objects }: Properties): readonly CheckFailure[] {
  const failures: CheckFailure[] = [];
  if (schema === undefined && objectType !== "database") {
    failures.push({ property: "schema", reason: `it is needed for a grant on a ${objectType}` });
  }
  if ((objectType === "database" || objectType === "schema") && strings(objects).length > 0) {
    failures.push({ property: "objects", reason: `there are none to choose from in a grant on a ${objectType}` });
  }
  if (objectType === "function" && strings(objects).some((name) => name.includes("("))) {
    failures.push({ property: "objects", reason: notHere("takes names of functions without their arguments") });
  }
  return failures;
}

async function grant(connection: Connection, inputs: Properties): Promise<State> {
  const privileges = strings(inputs.privileges);
  const granting: Statement = {
    sql:
      `GRANT ${privileges.join(", ")} ON ${targetOf(inputs)} TO ${escapeIdentifier(String(inputs.role))}` +
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
  return {
    sql: `REVOKE ALL PRIVILEGES ON ${targetOf(properties)} FROM ${escapeIdentifier(String(properties.role))}`,
    doing: `revoke the privileges on ${label(properties)}`,
    explain,
  };
}

/** What comes after ON. */
function targetOf(properties: Properties): string {
  const type = String(properties.objectType).toUpperCase();
  if (type === "DATABASE") return `DATABASE ${escapeIdentifier(String(properties.database))}`;
  const schema = escapeIdentifier(String(properties.schema));
  if (type === "SCHEMA") return `SCHEMA ${schema}`;
  const objects = strings(properties.objects).map((name) => `${schema}.${escapeIdentifier(name)}`);
  return objects.length > 0 ? `${type} ${objects.join(", ")}` : `ALL ${type}S IN SCHEMA ${schema}`;
}

function label({ role, database, schema, objectType, objects }: Properties): string {
  const named = strings(objects).map((name) => `"${name}"`);
  const inSchema = `${objectType}s ${named.length > 0 ? named.join(", ") : "that are there"} in schema "${schema}" of`;
  const what = objectType === "database" ? "" : objectType === "schema" ? `schema "${schema}" in ` : `${inSchema} `;
  return `${what}database "${database}" for role "${role}"`;
}

/** Queries for the access control lists of each type of object; $2 is the database for a database, else the schema. */
const aclsSql: Readonly<Record<string, string>> = {
  database:
    "SELECT datname AS object, coalesce(datacl, acldefault('d', datdba)) AS acl FROM pg_catalog.pg_database WHERE datname = $2",
  schema:
    "SELECT nspname AS object, coalesce(nspacl, acldefault('n', nspowner)) AS acl FROM pg_catalog.pg_namespace WHERE nspname = $2",
  table: relationsSql("r", "('r', 'p', 'v', 'm', 'f')"),
  sequence: relationsSql("s", "('S')"),
  function:
    "SELECT proname AS object, coalesce(proacl, acldefault('f', proowner)) AS acl FROM pg_catalog.pg_proc " +
    "JOIN pg_catalog.pg_namespace n ON n.oid = pronamespace WHERE nspname = $2 AND prokind <> 'p'",
};

function relationsSql(aclType: string, kinds: string): string {
  return (
    `SELECT relname AS object, coalesce(relacl, acldefault('${aclType}', relowner)) AS acl FROM pg_catalog.pg_class ` +
    `JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace WHERE nspname = $2 AND relkind IN ${kinds}`
  );
}

/** The recorded privileges where every object has them, else those of the first object that has others. */
async function privilegesOf(connection: Connection, properties: Properties): Promise<readonly string[]> {
  const { database, schema, privileges } = properties;
  const objectType = String(properties.objectType);
  const objects = strings(properties.objects);
  const rows = await connection.query({
    database: String(database),
    sql:
      "SELECT object::text, ARRAY(SELECT privilege_type FROM aclexplode(acl) " +
      `WHERE grantee = ${granteeSql}) AS privileges FROM (${aclsSql[objectType]}) acls ORDER BY 1`,
    values: [properties.role, objectType === "database" ? database : schema],
    doing: `read the privileges on ${label(properties)}`,
  });
  return (
    rows
      .filter(({ object }) => objects.length === 0 || objects.includes(String(object)))
      .map((row) => recordedPrivileges(objectType, privileges, strings(row.privileges)))
      .find((found) => !same(found, privileges, [], true)) ?? strings(privileges).toSorted()
  );
}

function scopeOf({ role, database, schema, objectType }: Properties): Scope {
  const inSchema = objectType !== "database";
  return { role: String(role), database: String(database), schema: inSchema ? String(schema) : undefined };
}

function idOf(properties: Properties): string {
  const { role, database, schema } = scopeOf(properties);
  const objects = strings(properties.objects).toSorted();
  return [role, database, ...(schema === undefined ? [] : [schema]), properties.objectType, ...objects].join("_");
}

function outputsOf(known: Properties, privileges: unknown): Properties {
  const { __defaults, __pulumi_raw_state_delta, ...given } = known;
  return {
    withGrantOption: false,
    ...given,
    privileges: Array.isArray(privileges) ? privileges.toSorted() : privileges,
  };
}
