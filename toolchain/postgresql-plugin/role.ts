import { escapeIdentifier } from "pg";
import type { Connection } from "./connection.ts";
import { completed, generatedName, type InputType, notHere, same, strings, wrongInputs } from "./inputs.ts";
import type { CheckFailure, Properties, ResourceType, State } from "./resource-type.ts";
import { roleOptions, roleSettings } from "./role-options.ts";
import {
  alter,
  dropStatements,
  membershipStatement,
  passwordStatement,
  roleGone,
  settingStatement,
} from "./role-statements.ts";

const inputTypes: Readonly<Record<string, InputType>> = {
  name: "string",
  password: "secret",
  passwordWo: "secret elsewhere",
  encryptedPassword: "boolean",
  superuser: "boolean",
  createDatabase: "boolean",
  createRole: "boolean",
  inherit: "boolean",
  login: "boolean",
  replication: "boolean",
  bypassRowLevelSecurity: "boolean",
  connectionLimit: "number",
  validUntil: "string",
  roles: "strings",
  searchPaths: "strings",
  statementTimeout: "number",
  idleInTransactionSessionTimeout: "number",
  assumeRole: "string",
  skipReassignOwned: "boolean",
  skipDropRole: "boolean",
};
/** What a resource has that says nothing of it. */
const unset: Properties = {
  ...Object.fromEntries([...roleOptions, ...roleSettings].map(({ key, unset }) => [key, unset])),
  encryptedPassword: true,
  roles: [],
  skipReassignOwned: false,
  skipDropRole: false,
};

/** A role. Everything about it can be updated; its memberships are those of `roles`, others are revoked with any update. */
export const roleType: ResourceType = {
  token: "postgresql:index/role:Role",

  check: (urnName, olds, news, randomHex) => ({
    inputs: completed(news, {
      name: generatedName(urnName, olds, randomHex),
      connectionLimit: -1,
      encryptedPassword: true,
      inherit: true,
      validUntil: "infinity",
    }),
    failures: [...wrongInputs(inputTypes, news), ...wrongValues(news)],
  }),

  diff: (olds, news) => ({
    update: Object.keys(inputTypes).filter((key) => changed(key, olds, news)),
    replace: [],
  }),

  preview: (_connection, inputs) => outputsOf(inputs, {}),

  async create(connection, inputs) {
    const name = String(inputs.name);
    const clauses = roleOptions.map(({ key, clause, unset }) => clause(inputs[key] ?? unset));
    await connection.transaction(connection.database, [
      {
        sql: `CREATE ROLE ${escapeIdentifier(name)} WITH ${clauses.join(" ")}`,
        doing: `create role "${name}"`,
        explain: {
          "42710":
            "To manage the role that is there with this resource, import it: describe it as it is, with the option " +
            `import: ${JSON.stringify(name)} for once.`,
        },
      },
      // By itself, so that the statement that may well fail, and is then written to the server's log, does not hold it.
      ...(inputs.password === undefined ? [] : [passwordStatement(name, inputs.password)]),
      ...strings(inputs.roles).map((role) => membershipStatement("GRANT", role, name)),
      ...roleSettings
        .filter(({ key, unset }) => !same(inputs[key], unset, unset))
        .map((setting) => settingStatement(name, setting, inputs[setting.key])),
    ]);
    return stateOf(connection, name, inputs);
  },

  async read(connection, id, outputs, inputs) {
    const name = String(outputs.name ?? id);
    const actual = await attributesOf(connection, name, outputs);
    if (actual === undefined) return undefined;
    const imported = Object.keys(inputs).length === 0;
    const described = imported ? actual : inputs;
    const recorded = Object.fromEntries(
      Object.entries(described).map(([key, value]) => [
        key,
        key in actual && !same(value, actual[key], unset[key], key === "roles") ? actual[key] : value,
      ]),
    );
    return {
      id: name,
      outputs: outputsOf({ ...outputs, ...recorded }, actual),
      inputs: imported ? { ...recorded, __defaults: [] } : recorded,
    };
  },

  async update(connection, olds, news) {
    const [before, name] = [String(olds.name), String(news.name)];
    const actual = await attributesOf(connection, before, olds);
    // Asked first, so that no password comes into the server's log with a statement that failed.
    if (actual === undefined) {
      throw new Error(`Could not change role "${before}": it does not exist (SQLSTATE 42704). ${roleGone}`);
    }
    const memberships = strings(actual.roles);
    const roles = strings(news.roles);
    const clauses = roleOptions
      .filter(({ key }) => changed(key, olds, news))
      .map(({ key, clause, unset }) => clause(news[key] ?? unset));
    const repeatPassword = name !== before && news.password !== undefined; // the server may forget it with the name
    await connection.transaction(connection.database, [
      ...(name === before ? [] : [alter(before, `RENAME TO ${escapeIdentifier(name)}`, `rename it to "${name}"`)]),
      ...(clauses.length === 0 ? [] : [alter(name, `WITH ${clauses.join(" ")}`)]),
      ...(changed("password", olds, news) || repeatPassword ? [passwordStatement(name, news.password)] : []),
      ...memberships.filter((role) => !roles.includes(role)).map((role) => membershipStatement("REVOKE", role, name)),
      ...roles.filter((role) => !memberships.includes(role)).map((role) => membershipStatement("GRANT", role, name)),
      ...roleSettings
        .filter(({ key }) => changed(key, olds, news))
        .map((setting) => settingStatement(name, setting, news[setting.key])),
    ]);
    return stateOf(connection, name, news);
  },

  delete: (connection, outputs) => connection.transaction(connection.database, dropStatements(connection, outputs)),
};

function wrongValues(news: Properties): readonly CheckFailure[] {
  const tooLow = (property: string, least: number): readonly CheckFailure[] =>
    Number(news[property]) < least ? [{ property, reason: `${news[property]} is less than ${least}` }] : [];
  return [
    ...tooLow("connectionLimit", -1),
    ...tooLow("statementTimeout", 0),
    ...tooLow("idleInTransactionSessionTimeout", 0),
    ...(strings(news.searchPaths).some((schema) => schema.includes(", "))
      ? [{ property: "searchPaths", reason: 'a name in it must not contain ", "' }]
      : []),
    ...(news.encryptedPassword === false
      ? [
          {
            property: "encryptedPassword",
            reason: notHere("has no unencrypted passwords, nor has PostgreSQL since 10"),
          },
        ]
      : []),
  ];
}

const changed = (key: string, olds: Properties, news: Properties): boolean =>
  !same(olds[key], news[key], unset[key] ?? null, key === "roles");

/** What the server knows of the role, but for its password, which it does not tell; undefined where there is none. */
async function attributesOf(connection: Connection, name: string, known: Properties): Promise<Properties | undefined> {
  const columns = roleOptions.map(({ key, column }) => `${column} AS "${key}"`);
  const [row] = await connection.query({
    database: connection.database,
    sql:
      `SELECT rolname::text AS name, ${columns.join(", ")}, coalesce(rolconfig, '{}') AS config, ARRAY(` +
      "SELECT DISTINCT pg_get_userbyid(roleid)::text FROM pg_catalog.pg_auth_members WHERE member = pg_roles.oid ORDER BY 1" +
      ") AS roles FROM pg_catalog.pg_roles WHERE rolname = $1",
    values: [name, known.validUntil ?? "infinity"],
    doing: `look for role "${name}"`,
  });
  if (row === undefined) return undefined;
  const { config, ...attributes } = row;
  const settings = roleSettings.map(({ key, unset, name: setting, parse }) => {
    const entry = strings(config).find((text) => text.startsWith(`${setting}=`));
    return [key, entry === undefined ? unset : parse(entry.slice(setting.length + 1))];
  });
  return { ...attributes, ...Object.fromEntries(settings) };
}

async function stateOf(connection: Connection, name: string, inputs: Properties): Promise<State> {
  return { id: name, outputs: outputsOf(inputs, (await attributesOf(connection, name, inputs)) ?? {}), inputs };
}

function outputsOf(known: Properties, actual: Properties): Properties {
  const { __defaults, __pulumi_raw_state_delta, ...given } = known;
  return { ...unset, ...given, ...actual };
}
