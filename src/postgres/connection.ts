import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";

/** libpq's modes that both node-postgres and the official Pulumi provider can keep (manual 34.19). */
export const SSL_MODES = ["disable", "require", "verify-ca", "verify-full"] as const;

/** Where the database is and who signs in. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password?: string | undefined;
  readonly sslmode: (typeof SSL_MODES)[number];
  /** Path of a PEM file with the CA, for the verify modes. */
  readonly sslrootcert?: string | undefined;
}

/** A server as messages name it. */
export function serverName({ host, port }: Connection): string {
  return `${host}:${port}`;
}

/** What tells one database from another. */
export function databaseName({ host, port, database }: Connection): string {
  return `${host}:${port}/${database}`;
}

/** Who signs in where, as node-postgres wants it. */
export function signIn({ host, port, database, user, password }: Connection) {
  return { host, port, database, user, password: password ?? "" };
}

/** How the connection is encrypted, as node-postgres wants it. */
export function tls({ sslmode, sslrootcert }: Connection): false | ConnectionOptions {
  if (sslmode === "disable") return false;
  if (sslmode === "require") return { rejectUnauthorized: false };
  const ca = sslrootcert === undefined ? {} : { ca: readFileSync(sslrootcert, "utf8") };
  return sslmode === "verify-ca" ? { ...ca, checkServerIdentity: () => undefined } : ca;
}
