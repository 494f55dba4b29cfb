import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import { briefly } from "./src/pulumi/outputs.ts";
import { declareRoles } from "./src/pulumi/roles.ts";
import { SchemaMigration } from "./src/pulumi/schema-migration.ts";
import { stackFleets } from "./src/pulumi/stack-config.ts";
import { guardDrops } from "./src/pulumi/still-owned.ts";

const fleets = await stackFleets();
const guard = guardDrops(fleets);

const migrations = fleets.map((fleet) => {
  const { name, connection, listed, onDestroy, rolePasswords, ...config } = fleet;
  const server = new postgresql.Provider(`${name}-server`, {
    host: connection.host,
    port: connection.port,
    database: connection.database,
    username: connection.user,
    ...(connection.password !== undefined && { password: pulumi.secret(connection.password) }),
    sslmode: connection.sslmode,
    ...(connection.sslrootcert !== undefined && { sslrootcert: connection.sslrootcert }),
    // The provider would look at roles' passwords, which only superusers may.
    ...(config.owner !== undefined && { superuser: false }),
  });

  // The provider adopts what exists and would drop it on destroy; retained, it only lets go.
  const onDelete = onDestroy === "retain" ? { retainOnDelete: true } : { hooks: { beforeDelete: [guard] } };

  // None where the config names none.
  const roles = declareRoles(fleet, server, onDelete);

  // Only those listed by name: a resource for each of a thousand tenants would be slow, so SchemaMigration creates them.
  const owned = listed.map(
    (schema) =>
      new postgresql.Schema(
        `${name}-${schema}`,
        { name: schema, database: connection.database, dropCascade: onDestroy === "drop", ...roles.ownerOf(schema) },
        { provider: server, ...onDelete, dependsOn: roles.before(schema) },
      ),
  );

  const dependsOn = [...owned, ...roles.resources, ...roles.grant(owned)];
  return [name, new SchemaMigration(name, { connection, ...config }, { dependsOn })] as const;
});

export const current = Object.fromEntries(migrations.map(([name, fleet]) => [name, fleet.current.apply(briefly)]));
export const pending = Object.fromEntries(migrations.map(([name, fleet]) => [name, fleet.pending]));
