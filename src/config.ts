import leven from "leven";
import type { z } from "zod";
import { connectionOf } from "./config/connection-config.ts";
import { type Environment, Keys } from "./config/keys.ts";
import { plainPasswords, roleProblems } from "./config/role-problems.ts";
import type { Connection } from "./postgres/connection.ts";
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
  readonly baseline?: string | undefined;
  readonly adopt?: "alembic" | undefined;
  readonly downFrom?: "folder" | "ledger" | undefined;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly waitTimeoutMs: number;
  readonly onDestroy: "retain" | "drop";
  /** The role that a schema's objects belong to; `{schema}` in it stands for the schema's name. */
  readonly owner?: string | undefined;
  /** The role that a schema's application signs in as; `{schema}` as above. */
  readonly app?: string | undefined;
  readonly rolePasswords: Readonly<Record<string, string>>;
}

const SECRETS: ReadonlySet<string> = new Set(["url", "password", "rolePasswords"]);

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
  return Keys.parse({ ...good, ...(bad.has("schemas") && { schemas: [""] }) });
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

function nearest(key: string, known: readonly string[]): string | undefined {
  const [best] = known.toSorted((a, b) => leven(a, key) - leven(b, key));
  return best !== undefined && leven(best, key) <= key.length / 2 ? best : undefined;
}

function howToSet(key: string): string {
  if (key === "schemas" || key === "searchPath") return `Set it: pulumi config set --path '${key}[0]' NAME.`;
  if (key === "rolePasswords") return "Set it: pulumi config set --secret --path 'rolePasswords.ROLE'.";
  if (key === "pins") return "Set it: pulumi config set --path 'pins.SCHEMA' TARGET.";
  return `Set it: pulumi config set ${SECRETS.has(key) ? "--secret " : ""}${key} VALUE.`;
}

function schemaProblems({ schemas, pins, searchPath, onDestroy }: Keys): readonly Problem[] {
  // The one empty name stands for a list that was refused already.
  const listed = schemas.length === 1 && schemas[0] === "" ? [] : schemas;
  const problems = [...new Set([...listed, ...searchPath])].flatMap(schemaNameProblem);
  const twice = schemas.filter((schema, index) => schemas.indexOf(schema) !== index);
  for (const schema of new Set(twice)) problems.push({ code: "schema-name", schema, why: "is in the list twice." });
  for (const schema of Object.keys(pins).filter((pinned) => !schemas.includes(pinned))) {
    problems.push({
      code: "config",
      key: `pins.${schema}`,
      got: "a schema that is not in this stack",
      wants: `one of ${[...new Set(schemas)].join(", ")}`,
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

/**
 * Refuses a password that stands in the stack's file as plain text, from where it goes into the repository.
 *
 * @param secrets the keys that Pulumi keeps encrypted
 * @param file text of Pulumi.STACK.yaml; empty where the config is kept elsewhere
 */
export function refusePlainSecrets(
  values: Readonly<Record<string, unknown>>,
  secrets: readonly string[],
  file = "",
  project = "",
): void {
  const plain = [...SECRETS].filter((key) => !["", "{}"].includes(String(values[key] ?? "")) && !secrets.includes(key));
  const roles = plain.includes("rolePasswords") ? [] : plainPasswords(file, project);
  refuseIfAny(
    [
      ...plain.map((key) => ({ key, set: key === "rolePasswords" ? "--path 'rolePasswords.ROLE'" : key })),
      ...roles.map((role) => ({
        key: `rolePasswords.${role}`,
        set: `--path 'rolePasswords[${JSON.stringify(role)}]'`,
      })),
    ].map(({ key, set }) => ({
      code: "config",
      key,
      got: "a value in plain text",
      wants: "an encrypted one",
      fix: `Set it again: pulumi config set --secret ${set}. The old value is in the file's history: change it on the server.`,
    })),
  );
}
