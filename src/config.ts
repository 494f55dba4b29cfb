import type { z } from "zod";
import { connectionOf } from "./config/connection-config.ts";
import { howToSet } from "./config/how-to-set.ts";
import { type Environment, json, Keys, SECRETS, TARGETS } from "./config/keys.ts";
import { pinProblems } from "./config/pin-problems.ts";
import { roleProblems } from "./config/role-problems.ts";
import { bareNumber } from "./config/unquoted-numbers.ts";
import type { Wave } from "./fleet/waves.ts";
import { nearest } from "./nearest.ts";
import type { Connection } from "./postgres/connection.ts";
import { type Problem, Refusal } from "./problem.ts";
import { fitsAny, isPattern, schemaNameProblem } from "./schema-name.ts";

/** The config of one fleet, parsed. The keys are declared with their descriptions in Pulumi.yaml. */
export interface FleetConfig {
  readonly connection: Connection;
  /** Names, and patterns over what exists: `tenant_*`. */
  readonly schemas: readonly string[];
  /** Its first column names more schemas. */
  readonly schemasQuery?: string | undefined;
  /** Names and patterns of schemas to leave alone. */
  readonly exclude: readonly string[];
  readonly target: string;
  readonly pins: Readonly<Record<string, string>>;
  readonly migrations: string;
  readonly searchPath: readonly string[];
  readonly allowOutOfOrder: boolean;
  readonly acceptEdited: readonly string[];
  readonly baseline?: string | undefined;
  readonly adopt?: "alembic" | undefined;
  readonly snapshot: boolean;
  readonly downFrom?: "folder" | "ledger" | undefined;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly waitTimeoutMs: number;
  /** Schemas migrated at once; 0 leaves it to the server's free connections. */
  readonly concurrency: number;
  readonly waves: readonly Wave[];
  readonly wavePauseMs: number;
  readonly waveCheck?: string | undefined;
  readonly onFailure: "stop" | "continue";
  /** How many schemas may fail before no further one is started; 0 is no limit. */
  readonly failureLimit: number;
  readonly onDestroy: "retain" | "drop";
  /** The role that a schema's objects belong to; `{schema}` in it stands for the schema's name. */
  readonly owner?: string | undefined;
  /** The role that a schema's application signs in as; `{schema}` as above. */
  readonly app?: string | undefined;
  readonly rolePasswords: Readonly<Record<string, string>>;
}

/**
 * Parses one fleet's config. What it does not say about the connection is taken from the PG* variables, as every
 * PostgreSQL tool does.
 *
 * @param values by key without the project's name; lists and objects may be JSON, as Pulumi hands them over
 * @throws Refusal with all problems together
 */
export function parseConfig(values: Readonly<Record<string, unknown>>, environment: Environment): FleetConfig {
  const given = Object.fromEntries(Object.entries(values).filter(isSet));
  const parsed = Keys.safeParse(given);
  const problems: Problem[] = parsed.error?.issues.flatMap((issue) => keyProblems(issue, values)) ?? [];
  const keys = parsed.data ?? withoutBadKeys(given, parsed.error?.issues ?? []);
  problems.push(...schemaProblems(keys));
  const connection = connectionOf(keys, environment, problems);
  problems.push(...roleProblems(keys, connection?.user));
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
function withoutBadKeys(given: Readonly<Record<string, unknown>>, issues: readonly z.core.$ZodIssue[]): Keys {
  const bad = new Set(
    issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : [String(issue.path[0])])),
  );
  const good = Object.fromEntries(Object.entries(given).filter(([key]) => !bad.has(key)));
  return Keys.parse({ ...good, ...(bad.has("schemas") && { schemas: [REFUSED] }) });
}

/** Stands for a list of schemas that was refused already. */
const REFUSED = "";

function keyProblems(issue: z.core.$ZodIssue, values: Readonly<Record<string, unknown>>): readonly Problem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ code: "unknown-key", key, near: nearest(key, Object.keys(Keys.shape)) }));
  }
  const key = String(issue.path[0]);
  const value = issue.path.slice(1).reduce<unknown>(valueAt, json(values[key]));
  const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
  if (TARGETS.has(key) && typeof value === "number") return [bareNumber(value, path)];
  const got = value === undefined ? "nothing" : SECRETS.has(key) ? "a secret" : JSON.stringify(value);
  return [
    {
      code: "config",
      key: path.join("."),
      got,
      wants: issue.message,
      fix: howToSet(path, value),
    },
  ];
}

function valueAt(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : value;
}

function schemaProblems(keys: Keys): readonly Problem[] {
  const { schemas, schemasQuery, exclude, searchPath, onDestroy } = keys;
  const listed = schemas.length === 1 && schemas[0] === REFUSED ? [] : schemas;
  const problems: Problem[] = [];
  if (schemas.length === 0 && schemasQuery === undefined) {
    const wants = 'at least one schema, or a pattern like "tenant_*", or a query (schemasQuery)';
    problems.push({ code: "config", key: "schemas", got: "nothing", wants, fix: howToSet(["schemas"]) });
  }
  problems.push(
    ...[...new Set([...listed, ...searchPath])].filter((name) => !isPattern(name)).flatMap(schemaNameProblem),
  );
  const twice = schemas.filter((schema, index) => schemas.indexOf(schema) !== index);
  for (const schema of new Set(twice)) problems.push({ code: "schema-name", schema, why: "is in the list twice." });
  // Which schemas a pattern or a query finds is known only to the server.
  if (schemasQuery === undefined && listed.length > 0 && !listed.some(isPattern)) {
    const owned = listed.filter((schema) => !fitsAny(schema, exclude));
    problems.push(...pinProblems(keys, owned, listed.length > owned.length));
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
