import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import type { Fleet } from "../config/find-fleets.ts";
import { rolesOf, type SchemaRoles, sharedRoles } from "../role-name.ts";

/** The roles of a fleet, declared. */
export interface DeclaredRoles {
  /** What a schema's own declaration says of its owner; nothing where the config names none. */
  readonly ownerOf: (schema: string) => { readonly owner?: string };
  /** What has to be there before a schema can be given to its owner. */
  readonly before: (schema: string) => pulumi.Resource[];
  /** All of them. */
  readonly resources: readonly pulumi.Resource[];
  /** Declares what the applications may do, once the schemas are. */
  readonly grant: (schemas: readonly postgresql.Schema[]) => readonly pulumi.Resource[];
}

/**
 * Declares the owner and the application role of each schema that is listed by name. A role with a password may sign in. On
 * destroy they stay where the schemas stay: an application must not lose its sign-in because Pulumi lets go.
 */
export function declareRoles(
  fleet: Fleet,
  provider: pulumi.ProviderResource,
  onDelete: Pick<pulumi.CustomResourceOptions, "retainOnDelete" | "hooks">,
): DeclaredRoles {
  const { name: fleetName, listed, connection, rolePasswords } = fleet;
  const { database, user } = connection;
  const bySchema = new Map(rolesOf(listed, fleet).map((roles) => [roles.schema, roles]));
  const all = [...bySchema.values()];
  const shared = sharedRoles(fleet);

  const declare = (names: readonly (string | undefined)[]) => {
    const unique = [...new Set(names.filter((name) => name !== undefined))];
    return new Map(unique.map((name) => [name, roleNamed(name)]));
  };
  const roleNamed = (name: string) => {
    const password = rolePasswords[name];
    const args = password === undefined ? {} : { login: true, password: pulumi.secret(password) };
    return new postgresql.Role(`${fleetName}-${name}`, { name, ...args }, { provider, ...onDelete });
  };
  const owners = declare([shared.owner, ...all.map(({ owner }) => owner)]);
  const apps = declare(all.map(({ app }) => app));

  // Who migrates becomes the owner, and may drop either role. On PostgreSQL 16 who made a role is its admin already, by a
  // second membership: which of the two the provider reads back is not certain.
  const memberships = new Map(
    [...owners, ...apps].map(([name, role]) => [
      name,
      new postgresql.GrantRole(
        `${fleetName}-${user} as ${name}`,
        { role: user, grantRole: role.name },
        { provider, deletedWith: role, ignoreChanges: ["withAdminOption"] },
      ),
    ]),
  );

  const grantTo = ({ schema, owner, app }: SchemaRoles, declared: postgresql.Schema): readonly pulumi.Resource[] => {
    const [role, membership] = [apps.get(app ?? ""), memberships.get(owner ?? "")];
    if (!role || !membership) return [];
    const to = { role: role.name, database, schema };
    // Rights go with the role, and stay with it.
    const options = { provider, deletedWith: role, dependsOn: [declared, membership] };
    const resource = `${fleetName}-${app} in ${schema}`;
    const usage = new postgresql.Grant(resource, { ...to, objectType: "schema", privileges: ["USAGE"] }, options);
    // Only what the owner makes: the ledger belongs to who migrates. What is there already, SchemaMigration opens.
    const future = Object.entries(FUTURE).map(
      ([objectType, privileges]) =>
        new postgresql.DefaultPrivileges(
          `${resource}, ${objectType}s to come`,
          { ...to, owner: owner ?? "", objectType, privileges },
          options,
        ),
    );
    return [usage, ...future];
  };

  return {
    ownerOf: (schema) => {
      const owner = bySchema.get(schema)?.owner;
      return owner === undefined ? {} : { owner };
    },
    before: (schema) => {
      const membership = memberships.get(bySchema.get(schema)?.owner ?? "");
      return membership ? [membership] : [];
    },
    resources: [...memberships.values()],
    grant: (declared) => all.flatMap((roles, index) => (declared[index] ? grantTo(roles, declared[index]) : [])),
  };
}

/** What an application may do with what the owner makes. */
const FUTURE = {
  table: ["SELECT", "INSERT", "UPDATE", "DELETE"],
  sequence: ["USAGE", "SELECT", "UPDATE"],
  function: ["EXECUTE"],
};
