import { escapeIdentifier } from "pg";
import type { Connection } from "./connection.ts";
import { completed, generatedName, type InputType, wrongInputs } from "./inputs.ts";
import type { Properties, ResourceType, State } from "./resource-type.ts";

const inputTypes: Readonly<Record<string, InputType>> = {
  name: "string",
  database: "string",
  owner: "string",
  ifNotExists: "boolean",
  dropCascade: "boolean",
};

/** A schema: adopts an existing one silently, and drops on delete, as the official plugin does. */
export const schemaType: ResourceType = {
  token: "postgresql:index/schema:Schema",

  check: (urnName, olds, news, randomHex) => ({
    inputs: completed(news, { name: generatedName(urnName, olds, randomHex), ifNotExists: true }),
    failures: wrongInputs(inputTypes, news),
  }),

  diff(olds, news) {
    const changed = (key: string, before: unknown, after: unknown = before): readonly string[] =>
      before === after ? [] : [key];
    return {
      // An owner or database that is left out stays as it is; a left-out flag falls back to its default.
      update: [
        ...changed("name", olds.name, news.name),
        ...changed("owner", olds.owner, news.owner),
        ...changed("ifNotExists", olds.ifNotExists ?? true, news.ifNotExists),
        ...changed("dropCascade", olds.dropCascade ?? false, news.dropCascade ?? false),
      ],
      replace: changed("database", olds.database, news.database),
    };
  },

  preview: (connection, inputs) => outputsOf(inputs, { database: databaseOf(connection, inputs) }),

  async create(connection, inputs) {
    const schema = { database: databaseOf(connection, inputs), name: String(inputs.name) };
    if ((await ownerOf(connection, schema)) === undefined) {
      const authorization =
        inputs.owner === undefined ? "" : ` AUTHORIZATION ${escapeIdentifier(String(inputs.owner))}`;
      await connection.query({
        database: schema.database,
        sql: `CREATE SCHEMA ${escapeIdentifier(schema.name)}${authorization}`,
        doing: `create ${label(schema)}`,
      });
    } else if (inputs.owner !== undefined) {
      await setOwner(connection, schema, String(inputs.owner));
    }
    return stateOf(connection, schema, inputs);
  },

  async read(connection, id, outputs, inputs) {
    const schema = {
      database: String(outputs.database ?? id.slice(0, id.indexOf("."))),
      name: String(outputs.name ?? id.slice(id.indexOf(".") + 1)),
    };
    const owner = await ownerOf(connection, schema);
    if (owner === undefined) return undefined;
    const imported = Object.keys(inputs).length === 0;
    const recorded = imported
      ? { ...schema, owner, __defaults: [] }
      : inputs.owner === undefined
        ? inputs
        : { ...inputs, owner };
    return {
      id: idOf(schema),
      outputs: outputsOf({ ...outputs, ...recorded }, { ...schema, owner }),
      inputs: recorded,
    };
  },

  async update(connection, olds, news) {
    const schema = { database: databaseOf(connection, olds), name: String(news.name) };
    if (news.name !== olds.name) {
      const before = { ...schema, name: String(olds.name) };
      await connection.query({
        database: schema.database,
        sql: `ALTER SCHEMA ${escapeIdentifier(before.name)} RENAME TO ${escapeIdentifier(schema.name)}`,
        doing: `rename ${label(before)} to "${schema.name}"`,
      });
    }
    if (news.owner !== undefined && news.owner !== olds.owner) await setOwner(connection, schema, String(news.owner));
    return stateOf(connection, schema, news);
  },

  async delete(connection, outputs) {
    const schema = { database: databaseOf(connection, outputs), name: String(outputs.name) };
    await connection.query({
      database: schema.database,
      sql: `DROP SCHEMA IF EXISTS ${escapeIdentifier(schema.name)} ${outputs.dropCascade === true ? "CASCADE" : "RESTRICT"}`,
      doing: `drop ${label(schema)}`,
      explain: {
        "2BP01":
          "It is not empty. To drop it with all that is in it, deploy the resource with dropCascade: true first, then delete " +
          "it; to keep it, deploy it with the option retainOnDelete: true first.",
      },
    });
  },
};

interface SchemaName {
  readonly database: string;
  readonly name: string;
}

const label = ({ database, name }: SchemaName): string => `schema "${name}" in database "${database}"`;
const idOf = ({ database, name }: SchemaName): string => `${database}.${name}`;
const databaseOf = (connection: Connection, properties: Properties): string =>
  String(properties.database ?? connection.database);

async function ownerOf(connection: Connection, schema: SchemaName): Promise<string | undefined> {
  const [row] = await connection.query({
    database: schema.database,
    sql: "SELECT pg_catalog.pg_get_userbyid(nspowner) AS owner FROM pg_catalog.pg_namespace WHERE nspname = $1",
    values: [schema.name],
    doing: `look for ${label(schema)}`,
  });
  return row === undefined ? undefined : String(row.owner);
}

async function setOwner(connection: Connection, schema: SchemaName, owner: string): Promise<void> {
  await connection.query({
    database: schema.database,
    sql: `ALTER SCHEMA ${escapeIdentifier(schema.name)} OWNER TO ${escapeIdentifier(owner)}`,
    doing: `give ${label(schema)} to role "${owner}"`,
  });
}

async function stateOf(connection: Connection, schema: SchemaName, inputs: Properties): Promise<State> {
  const owner = await ownerOf(connection, schema);
  return {
    id: idOf(schema),
    outputs: outputsOf(inputs, { ...schema, ...(owner === undefined ? {} : { owner }) }),
    inputs,
  };
}

function outputsOf(inputs: Properties, actual: Properties): Properties {
  const { __defaults, ...given } = inputs;
  return { dropCascade: false, policies: [], ...given, ...actual };
}
