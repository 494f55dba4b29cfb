import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import { SchemaMigration } from "./src/pulumi/schema-migration.ts";
import { stackConfig } from "./src/pulumi/stack-config.ts";

const { connection, schemas, onDestroy, ...config } = stackConfig();

const server = new postgresql.Provider("server", {
  host: connection.host,
  port: connection.port,
  database: connection.database,
  username: connection.user,
  ...(connection.password !== undefined && { password: pulumi.secret(connection.password) }),
  sslmode: connection.sslmode,
  ...(connection.sslrootcert !== undefined && { sslrootcert: connection.sslrootcert }),
});

// The provider adopts a schema that exists and would drop it on destroy; retained, it only lets go.
const owned = schemas.map(
  (name) =>
    new postgresql.Schema(
      name,
      { name, database: connection.database, dropCascade: onDestroy === "drop" },
      { provider: server, retainOnDelete: onDestroy === "retain" },
    ),
);

const migration = new SchemaMigration("migrations", { connection, schemas, ...config }, { dependsOn: owned });

export const current = migration.current;
export const pending = migration.pending;
