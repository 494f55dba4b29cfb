import { escapeIdentifier, escapeLiteral } from "pg";
import type { Connection, Statement } from "./connection.ts";
import { same } from "./inputs.ts";
import type { Properties } from "./resource-type.ts";
import type { RoleSetting } from "./role-options.ts";

/** The way out where the role that is in the state is not in the server. */
export const roleGone = "It is gone: `pulumi refresh` takes it out of the state, for the next `pulumi up` to go by.";

export function alter(name: string, what: string, doing = "alter it"): Statement {
  return {
    sql: `ALTER ROLE ${escapeIdentifier(name)} ${what}`,
    doing: `change role "${name}" (${doing})`,
    explain: { "42704": roleGone },
  };
}

/** Takes the password away where none is given. */
export function passwordStatement(name: string, password: unknown): Statement {
  const value = password === undefined ? "NULL" : escapeLiteral(String(password));
  return alter(name, `PASSWORD ${value}`, "set its password");
}

export function settingStatement(
  name: string,
  { key, unset, name: setting, sql }: RoleSetting,
  value: unknown,
): Statement {
  const what = same(value, unset, unset) ? `RESET ${setting}` : `SET ${setting} TO ${sql(value)}`;
  return alter(name, what, `set ${key}`);
}

export function membershipStatement(verb: "GRANT" | "REVOKE", role: string, member: string): Statement {
  return {
    sql: `${verb} ${escapeIdentifier(role)} ${verb === "GRANT" ? "TO" : "FROM"} ${escapeIdentifier(member)}`,
    doing: `${verb.toLowerCase()} role "${member}" membership in role "${role}"`,
  };
}

/** Gives what the role owns in the provider's database to the provider's user, takes its privileges there away, drops it. */
export function dropStatements(connection: Connection, outputs: Properties): readonly Statement[] {
  const name = String(outputs.name);
  const role = escapeIdentifier(name);
  const doing = `drop role "${name}"`;
  const explain = {
    "42704": roleGone,
    "2BP01":
      `What it owns, and its privileges, are only taken away in the provider's database "${connection.database}". For each ` +
      "other database that has some, do so by hand (REASSIGN OWNED, DROP OWNED).",
  };
  const reassign = [`REASSIGN OWNED BY ${role} TO CURRENT_USER`, `DROP OWNED BY ${role}`];
  const all = [
    ...(outputs.skipReassignOwned === true ? [] : reassign),
    ...(outputs.skipDropRole === true ? [] : [`DROP ROLE ${role}`]),
  ];
  return all.map((sql) => ({ sql, doing, explain }));
}
