import { type Connection, serverName } from "../postgres/connection.ts";
import type { ConfigFix, Problem } from "../problem.ts";
import { roleNameProblem, rolesOf, sharedRoles } from "../role-name.ts";
import { isPattern } from "../schema-name.ts";

/** What a stack says about roles. */
export interface RoleKeys {
  readonly schemas: readonly string[];
  readonly schemasQuery?: string | undefined;
  readonly owner?: string | undefined;
  readonly app?: string | undefined;
  readonly rolePasswords: Readonly<Record<string, string>>;
}

/**
 * What is wrong with a stack's roles.
 *
 * @param user who signs in, where that is known
 */
export function roleProblems(keys: RoleKeys, user: string | undefined): readonly Problem[] {
  const { owner, app } = keys;
  // A list that was refused already would make every role wrong.
  if (keys.schemas.includes("")) return [];
  const listed = keys.schemas.filter((schema) => !isPattern(schema));
  const roles = rolesOf(listed, keys);
  const owners = new Set([sharedRoles(keys), ...roles].flatMap((role) => role.owner ?? []));
  const apps = new Set(roles.flatMap((role) => role.app ?? []));
  const problems = [
    ...[...owners].flatMap((role) => roleNameProblem("owner", role)),
    ...[...apps].flatMap((role) => roleNameProblem("app", role)),
  ];
  if (app !== undefined && owner === undefined) {
    problems.push({
      code: "config",
      key: "app",
      got: `"${app}" without an owner`,
      wants: "owner as well: what the application may use belongs to the owner, the ledger does not",
      fix: { say: "Set it", commands: [{ run: "set", path: ["owner"], value: "'{schema}_owner'" }] },
    });
  }
  if (app !== undefined && (keys.schemasQuery !== undefined || keys.schemas.some(isPattern))) {
    problems.push({
      code: "config",
      key: "app",
      got: `"${app}" with schemas that are found by a pattern or a query`,
      wants: "schemas listed by name: the program declares the roles' rights, a resource each",
      fix: { say: "List them, or remove it", commands: [{ run: "rm", path: ["app"] }] },
    });
  }
  for (const role of [...apps].filter((each) => owners.has(each))) {
    problems.push({ code: "role-name", key: "app", role, why: "is an owner as well. Two roles are needed." });
  }
  for (const role of [...owners, ...apps].filter((each) => each === user)) {
    const why = "is who signs in to migrate. The program makes roles of its own: choose another.";
    problems.push({ code: "role-name", key: owners.has(role) ? "owner" : "app", role, why });
  }
  return [...problems, ...passwordProblems(keys.rolePasswords, [...owners, ...apps])];
}

function passwordProblems(passwords: RoleKeys["rolePasswords"], roles: readonly string[]): readonly Problem[] {
  return Object.entries(passwords).flatMap(([role, password]): readonly Problem[] => {
    const key = `rolePasswords.${role}`;
    if (!roles.includes(role)) {
      const wants = roles.length > 0 ? `one of ${[...new Set(roles)].join(", ")}` : "owner or app to be set";
      const fix: ConfigFix = { say: "Remove it", commands: [{ run: "rm", path: ["rolePasswords", role] }] };
      return [{ code: "config", key, got: "a role that is not in this stack", wants, fix }];
    }
    const fix: ConfigFix = { say: "Set it", commands: [{ run: "set --secret", path: ["rolePasswords", role] }] };
    return password === "" ? [{ code: "config", key, got: "an empty text", wants: "a password", fix }] : [];
  });
}

/** Roles that two fleets of one server would make: they belong to the server, whatever the database. */
export function rolesTwice(
  fleets: readonly (Pick<RoleKeys, "schemas" | "owner" | "app"> & {
    readonly name: string;
    readonly connection: Connection;
  })[],
): readonly Problem[] {
  const made = new Map<string, string>();
  return fleets.flatMap((fleet) => {
    const names = rolesOf(fleet.schemas, fleet).flatMap(({ owner, app }) => [owner, app]);
    const roles = new Set([sharedRoles(fleet).owner, ...names].filter((role) => role !== undefined));
    return [...roles].flatMap((role): readonly Problem[] => {
      const key = JSON.stringify([serverName(fleet.connection), role]);
      const other = made.get(key);
      if (other === undefined) made.set(key, fleet.name);
      const why = `fleet "${other}" has it on the same server. Give each fleet names of its own.`;
      return other !== undefined ? [{ code: "role-name", key: `fleets.${fleet.name}`, role, why }] : [];
    });
  });
}
