import type { ConnectionOptions } from "node:tls";
import type { ClientConfig } from "pg";
import type { CheckFailure, Properties } from "./resource-type.ts";
import { unknown } from "./resource-type.ts";

const sslmodes = ["disable", "require", "verify-ca", "verify-full"] as const;
type Sslmode = (typeof sslmodes)[number];

/** How to connect, with the official plugin's defaults. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password: string | undefined;
  readonly sslmode: Sslmode;
  readonly connectTimeoutSeconds: number;
  readonly maxConnections: number;
}

/** What is wrong with the provider's inputs, as far as a preview can tell. Says nothing of keys that do not matter here. */
export function checkSettings(inputs: Properties): readonly CheckFailure[] {
  const failures: CheckFailure[] = [];
  for (const property of ["port", "connectTimeout", "maxConnections"]) {
    const value = inputs[property];
    if (value !== undefined && value !== unknown && !/^\d+$/.test(String(value))) {
      failures.push({ property, reason: `"${value}" is not a whole number` });
    }
  }
  const { sslmode, host } = inputs;
  if (sslmode !== undefined && sslmode !== unknown && !isSslmode(sslmode)) {
    failures.push({ property: "sslmode", reason: `"${sslmode}" is not one of ${sslmodes.join(", ")}` });
  }
  if (typeof host === "string" && host.startsWith("/")) {
    failures.push({
      property: "host",
      reason: `"${host}" is the folder of a Unix socket, which @pulumi/postgresql cannot use: give a host name or address`,
    });
  }
  return failures;
}

/** The provider's inputs completed from the PG* variables of `env` and the official defaults. Expects checked inputs. */
export function parseSettings(inputs: Properties, env: NodeJS.ProcessEnv): Settings {
  const text = (key: string, variable: string): string | undefined => {
    const value = inputs[key] ?? env[variable];
    return value === undefined || value === "" ? undefined : String(value);
  };
  const sslmode = text("sslmode", "PGSSLMODE") ?? "require";
  if (!isSslmode(sslmode)) throw new Error(`sslmode "${sslmode}" is not one of ${sslmodes.join(", ")}.`);
  return {
    host: text("host", "PGHOST") ?? "127.0.0.1",
    port: Number(text("port", "PGPORT") ?? "5432"),
    database: text("database", "PGDATABASE") ?? "postgres",
    username: text("username", "PGUSER") ?? "postgres",
    password: text("password", "PGPASSWORD"),
    sslmode,
    connectTimeoutSeconds: Number(text("connectTimeout", "PGCONNECT_TIMEOUT") ?? "180"),
    maxConnections: Number(inputs.maxConnections ?? "20"),
  };
}

export function clientConfig(settings: Settings, database: string): ClientConfig {
  return {
    host: settings.host,
    port: settings.port,
    database,
    user: settings.username,
    password: settings.password ?? "", // undefined would let pg look for one by itself
    ssl: tlsOptions(settings.sslmode),
    connectionTimeoutMillis: settings.connectTimeoutSeconds * 1000,
    application_name: "pulumi",
  };
}

function tlsOptions(sslmode: Sslmode): false | ConnectionOptions {
  switch (sslmode) {
    case "disable":
      return false;
    case "require":
      return { rejectUnauthorized: false };
    case "verify-ca":
      return { checkServerIdentity: () => undefined };
    case "verify-full":
      return {};
  }
}

function isSslmode(value: unknown): value is Sslmode {
  return sslmodes.some((mode) => mode === value);
}
