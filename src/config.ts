import leven from "leven";
import { parse as parseUrl } from "pg-connection-string";
import { z } from "zod";
import { type Connection, SSL_MODES } from "./postgres/connection.ts";
import { type Problem, Refusal, refuseIfAny } from "./problem.ts";
import { schemaNameProblem } from "./schema-name.ts";

/** A stack's config, parsed. The keys are declared with their descriptions in Pulumi.yaml. */
export interface StackConfig {
  readonly connection: Connection;
  readonly schemas: readonly string[];
  readonly target: string;
  readonly pins: Readonly<Record<string, string>>;
  readonly migrations: string;
  readonly searchPath: readonly string[];
  readonly allowOutOfOrder: boolean;
  readonly downFrom?: "folder" | "ledger" | undefined;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly waitTimeoutMs: number;
  readonly onDestroy: "retain" | "drop";
}

/** Pulumi hands lists and objects over as JSON. */
function json(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

const names = (wants: string) => z.preprocess(json, z.array(z.string(), wants));
const milliseconds = z.coerce.number("a whole number of milliseconds").int().min(0).max(2_147_483_647);
const yesNo = z.preprocess((value) => (typeof value === "string" ? value === "true" : value), z.boolean());
const text = z.coerce.string().min(1, "some text");

const Keys = z.strictObject({
  schemas: names('a list of schema names, like ["dev", "prod"]').pipe(
    z.array(z.string()).min(1, "at least one schema"),
  ),
  target: text.default("head"),
  pins: z.preprocess(json, z.record(z.string(), z.coerce.string(), "targets by schema name")).default({}),
  migrations: text.default("migrations"),
  searchPath: names('a list of schema names, like ["extensions"]').default([]),
  allowOutOfOrder: yesNo.default(false),
  downFrom: z.enum(["folder", "ledger"], "folder or ledger").optional(),
  lockTimeoutMs: milliseconds.default(5_000),
  statementTimeoutMs: milliseconds.default(0),
  waitTimeoutMs: milliseconds.default(60_000),
  onDestroy: z.enum(["retain", "drop"], "retain or drop").default("retain"),
  url: z.string().optional(),
  host: text.optional(),
  port: z.coerce.number("a port").int().min(1).max(65_535).optional(),
  database: text.optional(),
  user: text.optional(),
  password: z.string().optional(),
  sslmode: z.enum(SSL_MODES, SSL_MODES.join(", ")).optional(),
  sslrootcert: text.optional(),
});

type Keys = z.infer<typeof Keys>;
type Environment = Readonly<Record<string, string | undefined>>;

const SECRETS: ReadonlySet<string> = new Set(["url", "password"]);

/**
 * Parses a stack's config. What it does not say about the connection is taken from the PG* variables, as every
 * PostgreSQL tool does.
 *
 * @param values by key without the project's name; lists and objects may be JSON, as Pulumi hands them over
 * @throws Refusal with all problems together
 */
export function parseConfig(values: Readonly<Record<string, unknown>>, environment: Environment): StackConfig {
  const given = Object.fromEntries(Object.entries(values).filter(isSet));
  const parsed = Keys.safeParse(given);
  const problems: Problem[] = parsed.error?.issues.flatMap((issue) => keyProblems(issue, values)) ?? [];
  const keys = parsed.data ?? withoutBadKeys(given, parsed.error?.issues ?? []);
  if (!keys) throw new Refusal(problems);
  problems.push(...schemaProblems(keys));
  const connection = connectionOf(keys, environment, problems);
  if (!connection || problems.length > 0) throw new Refusal(problems);
  // The connection's parts stay behind: a spread of this value must never carry a password anywhere.
  const { url, host, port, database, user, password, sslmode, sslrootcert, ...config } = keys;
  return { ...config, connection };
}

/** Pulumi demands a default for every declared key; those of Pulumi.yaml that stand for "not set" are these. */
function isSet([key, value]: readonly [string, unknown]): boolean {
  return value !== "" && !(key === "port" && Number(value) === 0);
}

/** The rest of a config with problems, so that what else is wrong is told in the same go. */
function withoutBadKeys(
  given: Readonly<Record<string, unknown>>,
  issues: readonly z.core.$ZodIssue[],
): Keys | undefined {
  const bad = new Set(
    issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : [String(issue.path[0])])),
  );
  return Keys.safeParse(Object.fromEntries(Object.entries(given).filter(([key]) => !bad.has(key)))).data;
}

function keyProblems(issue: z.core.$ZodIssue, values: Readonly<Record<string, unknown>>): readonly Problem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ code: "unknown-key", key, near: nearest(key, Object.keys(Keys.shape)) }));
  }
  const key = String(issue.path[0]);
  const value = values[key];
  const got = value === undefined ? "nothing" : SECRETS.has(key) ? "a secret" : JSON.stringify(value);
  return [{ code: "config", key: issue.path.join("."), got, wants: issue.message, fix: howToSet(key) }];
}

function nearest(key: string, known: readonly string[]): string {
  return known.toSorted((a, b) => leven(a, key) - leven(b, key))[0] ?? "";
}

function howToSet(key: string): string {
  if (key === "schemas" || key === "searchPath") return `Set it: pulumi config set --path '${key}[0]' NAME.`;
  if (key === "pins") return "Set it: pulumi config set --path 'pins.SCHEMA' TARGET.";
  return `Set it: pulumi config set ${SECRETS.has(key) ? "--secret " : ""}${key} VALUE.`;
}

function schemaProblems({ schemas, pins, searchPath, onDestroy }: Keys): readonly Problem[] {
  const problems = [...new Set([...schemas, ...searchPath])].flatMap(schemaNameProblem);
  const twice = schemas.filter((schema, index) => schemas.indexOf(schema) !== index);
  for (const schema of new Set(twice)) problems.push({ code: "schema-name", schema, why: "is in the list twice." });
  for (const schema of Object.keys(pins).filter((pinned) => !schemas.includes(pinned))) {
    problems.push({
      code: "config",
      key: `pins.${schema}`,
      got: "a schema that is not in this stack",
      wants: `one of ${schemas.join(", ")}`,
      fix: `Remove it: pulumi config rm --path 'pins["${schema}"]'.`,
    });
  }
  if (onDestroy === "drop" && schemas.includes("public")) {
    problems.push({
      code: "config",
      key: "onDestroy",
      got: '"drop"',
      wants: '"retain", since this stack owns "public"',
    });
  }
  return problems;
}

function connectionOf(keys: Keys, env: Environment, problems: Problem[]): Connection | undefined {
  const given = keys.url === undefined ? keys : fromUrl(keys.url, keys, problems);
  const host = given.host ?? env.PGHOST;
  if (host === undefined || host === "") {
    if (keys.url === undefined) problems.push({ code: "no-connection" });
    return undefined;
  }
  if (host.startsWith("/")) {
    problems.push({
      code: "config",
      key: "host",
      got: `"${host}"`,
      wants: "a TCP host: the postgresql provider knows no Unix sockets",
    });
  }
  const sslmode = SSL_MODES.find((mode) => mode === (given.sslmode ?? env.PGSSLMODE ?? "require"));
  if (sslmode === undefined) {
    problems.push({
      code: "config",
      key: "sslmode",
      got: `"${given.sslmode ?? env.PGSSLMODE}"`,
      wants: SSL_MODES.join(", "),
    });
    return undefined;
  }
  const password = given.password ?? env.PGPASSWORD;
  const sslrootcert = given.sslrootcert ?? env.PGSSLROOTCERT;
  return {
    host,
    port: given.port ?? Number(env.PGPORT ?? 5432),
    database: given.database ?? env.PGDATABASE ?? "postgres",
    user: given.user ?? env.PGUSER ?? "postgres",
    sslmode,
    ...(password !== undefined && { password }),
    ...(sslrootcert !== undefined && { sslrootcert }),
  };
}

/**
 * Refuses a password that stands in the stack's file as plain text, from where it goes into the repository.
 *
 * @param secrets the keys that Pulumi keeps encrypted
 */
export function refusePlainSecrets(values: Readonly<Record<string, unknown>>, secrets: readonly string[]): void {
  const plain = [...SECRETS].filter((key) => (values[key] ?? "") !== "" && !secrets.includes(key));
  refuseIfAny(
    plain.map((key) => ({
      code: "config",
      key,
      got: "a value in plain text",
      wants: "an encrypted one",
      fix: `Set it again: pulumi config set --secret ${key}. The old value is in the file's history: change it on the server.`,
    })),
  );
}

interface Parts {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly database?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly sslmode?: string | undefined;
  readonly sslrootcert?: string | undefined;
}

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
      fix: `Remove one: pulumi config rm ${key}.`,
    });
  }
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    problems.push({ code: "config", key: "url", got: "a secret that is no PostgreSQL URL", wants });
    return {};
  }
  const query = new URL(url).searchParams;
  const { host, port, database, user, password } = parseUrl(url.replace(/\?.*$/s, ""));
  return {
    host: host ?? undefined,
    port: port ? Number(port) : undefined,
    database: database ?? undefined,
    user: user ?? undefined,
    password: password ?? undefined,
    sslmode: query.get("sslmode") ?? undefined,
    sslrootcert: query.get("sslrootcert") ?? undefined,
  };
}
