import type { Problem } from "../problem.ts";
import { roleNameProblem, rolesOf } from "../role-name.ts";

/** What a stack says about roles. */
export interface RoleKeys {
  readonly schemas: readonly string[];
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
  if (keys.schemas.every((schema) => schema === "")) return [];
  const roles = rolesOf(keys.schemas, keys);
  const owners = new Set(roles.flatMap((role) => role.owner ?? []));
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
      fix: "Set it: pulumi config set owner '{schema}_owner'.",
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
      const fix = `Remove it: pulumi config rm --path 'rolePasswords[${JSON.stringify(role)}]'.`;
      return [{ code: "config", key, got: "a role that is not in this stack", wants, fix }];
    }
    const fix = `Set it: pulumi config set --secret --path 'rolePasswords[${JSON.stringify(role)}]'.`;
    return password === "" ? [{ code: "config", key, got: "an empty text", wants: "a password", fix }] : [];
  });
}
