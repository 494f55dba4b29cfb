import { escapeIdentifier } from "pg";
import type { Connection, Statement } from "./connection.ts";
import { completed, type InputType, same, wrongInputs } from "./inputs.ts";
import type { Properties, ResourceType, State } from "./resource-type.ts";

const inputTypes: Readonly<Record<string, InputType>> = {
  role: "string",
  grantRole: "string",
  withAdminOption: "boolean",
};

/** The membership of `role` in `grantRole`. */
export const grantRoleType: ResourceType = {
  token: "postgresql:index/grantRole:GrantRole",

  check: (_urnName, _olds, news) => ({ inputs: completed(news, {}), failures: wrongInputs(inputTypes, news) }),

  diff: (olds, news) => ({
    update: [],
    replace: Object.keys(inputTypes).filter((key) => !same(olds[key], news[key], false)),
  }),

  preview: (_connection, inputs) => outputsOf(inputs),
  create: grant,
  update: (connection, _olds, news) => grant(connection, news), // not called: every change replaces

  async read(connection, _id, outputs, inputs) {
    // As with the official plugin, there is no import: an id does not tell its parts.
    if (outputs.role === undefined) return undefined;
    const [membership] = await connection.query({
      database: connection.database,
      sql:
        'SELECT bool_or(admin_option) AS "withAdminOption" FROM pg_catalog.pg_auth_members ' +
        "WHERE pg_get_userbyid(member) = $1 AND pg_get_userbyid(roleid) = $2 HAVING count(*) > 0",
      values: [outputs.role, outputs.grantRole],
      doing: `look for ${label(outputs)}`,
    });
    if (membership === undefined) return undefined;
    const found = outputsOf({ ...outputs, ...membership });
    const kept = same(inputs.withAdminOption, membership.withAdminOption, false);
    return { id: idOf(found), outputs: found, inputs: kept ? inputs : { ...inputs, ...membership } };
  },

  delete: (connection, outputs) => connection.transaction(connection.database, [revoke(outputs)]),
};

async function grant(connection: Connection, inputs: Properties): Promise<State> {
  const granting: Statement = {
    sql:
      `GRANT ${escapeIdentifier(String(inputs.grantRole))} TO ${escapeIdentifier(String(inputs.role))}` +
      (inputs.withAdminOption === true ? " WITH ADMIN OPTION" : ""),
    doing: `grant ${label(inputs)}`,
  };
  await connection.transaction(connection.database, [revoke(inputs), granting]);
  const outputs = outputsOf(inputs);
  return { id: idOf(outputs), outputs, inputs };
}

function revoke(properties: Properties): Statement {
  return {
    sql: `REVOKE ${escapeIdentifier(String(properties.grantRole))} FROM ${escapeIdentifier(String(properties.role))}`,
    doing: `revoke ${label(properties)}`,
    explain: {
      "42704": "Membership ends with either role. If it was there before, `pulumi refresh` takes it out of the state.",
    },
  };
}

const label = ({ role, grantRole }: Properties): string => `membership of role "${role}" in role "${grantRole}"`;
const idOf = ({ role, grantRole, withAdminOption }: Properties): string =>
  [role, grantRole, withAdminOption ?? false].join("_");

function outputsOf(known: Properties): Properties {
  const { __defaults, __pulumi_raw_state_delta, ...given } = known;
  return { withAdminOption: false, ...given };
}
