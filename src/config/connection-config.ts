import { parse as parseUrl } from "pg-connection-string";
import { type Connection, SSL_MODES } from "../postgres/connection.ts";
import type { Problem } from "../problem.ts";
import type { Environment, Keys } from "./keys.ts";

/** libpq takes an empty variable for one that is not set. */
function variable(environment: Environment, name: string): string | undefined {
  return environment[name] || undefined;
}

/**
 * The connection that a config and the PG* variables give together, or undefined where they do not give one.
 *
 * @param problems gets what is wrong with it
 */
export function connectionOf(keys: Keys, env: Environment, problems: Problem[]): Connection | undefined {
  const given = keys.url === undefined ? keys : fromUrl(keys.url, keys, problems);
  const host = given.host ?? variable(env, "PGHOST");
  if (host === undefined) {
    if (given !== NOTHING) problems.push({ code: "no-connection" });
    return undefined;
  }
  if (/:\/\/|@/.test(host))
    problems.push({
      code: "config",
      key: "host",
      got: "something like a URL",
      wants: "a host's name",
      fix: { say: "A URL goes into url", commands: [{ run: "set --secret", path: ["url"], value: "URL" }] },
    });
  if (host.startsWith("/")) {
    problems.push({
      code: "config",
      key: "host",
      got: `"${host}"`,
      wants: "a TCP host: the postgresql provider knows no Unix sockets",
    });
  }
  const port = given.port ?? portOf(variable(env, "PGPORT"), problems);
  const mode = given.sslmode ?? variable(env, "PGSSLMODE") ?? "require";
  const sslmode = SSL_MODES.find((known) => known === mode);
  if (sslmode === undefined) {
    const key = given.sslmode === undefined ? "PGSSLMODE" : "sslmode";
    problems.push({
      code: "config",
      key,
      got: `"${mode}"`,
      wants: SSL_MODES.join(", "),
      fix: { say: "Set it", commands: [{ run: "set", path: ["sslmode"], value: "VALUE" }] },
    });
    return undefined;
  }
  const password = given.password ?? variable(env, "PGPASSWORD");
  const sslrootcert = given.sslrootcert ?? variable(env, "PGSSLROOTCERT");
  return {
    // Names of hosts know no case, and what tells one database from another must not.
    host: host.toLowerCase(),
    port,
    database: given.database ?? variable(env, "PGDATABASE") ?? "postgres",
    user: given.user ?? variable(env, "PGUSER") ?? "postgres",
    sslmode,
    ...(password !== undefined && { password }),
    ...(sslrootcert !== undefined && { sslrootcert }),
  };
}

function portOf(value: string | undefined, problems: Problem[]): number {
  const port = Number(value ?? 5432);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    problems.push({ code: "config", key: "PGPORT", got: `"${value}"`, wants: "a port from 1 to 65535" });
  }
  return port;
}

/** What a URL that was refused gives. */
const NOTHING: Parts = {};

interface Parts {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly database?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly sslmode?: string | undefined;
  readonly sslrootcert?: string | undefined;
}

/** What libpq would take from a URL's parameters, and come to another server, or as another user. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  "dbname",
  "host",
  "hostaddr",
  "options",
  "password",
  "port",
  "service",
  "sslcert",
  "sslkey",
  "target_session_attrs",
  "user",
]);

/** The parts of a URL. What is said twice, in the URL and beside it, is refused: which one holds would be a guess. */
function fromUrl(url: string, keys: Keys, problems: Problem[]): Parts {
  const wants = "postgres://user:password@host:5432/database?sslmode=require";
  const beside = (["host", "port", "database", "user", "password", "sslmode", "sslrootcert"] as const).filter(
    (key) => keys[key] !== undefined,
  );
  for (const key of beside) {
    problems.push({
      code: "config",
      key,
      got: "a value beside url",
      wants: "either url or the parts",
      fix: { say: "Remove one", commands: [{ run: "rm", path: [key] }] },
    });
  }
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    problems.push({ code: "config", key: "url", got: "a secret that is no PostgreSQL URL", wants });
    return NOTHING;
  }
  const query = new URL(url).searchParams;
  for (const key of new Set(query.keys())) {
    if (ELSEWHERE.has(key))
      problems.push({ code: "config", key: "url", got: `the parameter "${key}", which is not read`, wants });
  }
  const { host, port, database, user, password } = parseUrl(url.replace(/\?.*$/s, ""));
  return {
    // Parts that a URL leaves out come as empty text.
    host: host || undefined,
    port: port ? Number(port) : undefined,
    database: database || undefined,
    user: user || undefined,
    password: password || undefined,
    sslmode: query.get("sslmode") ?? undefined,
    sslrootcert: query.get("sslrootcert") ?? undefined,
  };
}
