import { z } from "zod";
import { SSL_MODES } from "../postgres/connection.ts";

/** Pulumi hands lists and objects over as JSON. */
export function json(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

const names = (wants: string) => z.preprocess(json, z.array(z.string(wants), wants));
/** Pulumi hands a number over as digits. */
function number(value: unknown): unknown {
  return typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
}

function boolean(value: unknown): unknown {
  return value === "true" ? true : value === "false" ? false : value;
}

const whole = (wants: string, min: number, max: number) =>
  z.preprocess(number, z.number(wants).int(wants).min(min, wants).max(max, wants));
const milliseconds = whole("a whole number of milliseconds, at most 2147483647", 0, 2_147_483_647);
const yesNo = z.preprocess(boolean, z.boolean("true or false"));
const text = z.preprocess(
  (value) => (typeof value === "number" ? `${value}` : value),
  z.string("text").min(1, "some text"),
);
const passwords = "passwords by role";
const waves = 'a list of waves, each a list of schema names, patterns or shares, like [["tenant_1"], ["10%"]]';
const targets = 'targets by schema name, like {"tenant_7": "0009"}';
const revisions = 'a list of revisions, like ["0002_add_cpf"]';
/** Other bare numbers may have lost a + or their zeros. */
const place = z.preprocess(
  (value) => (typeof value === "number" && value < 0 ? `${value}` : value),
  z.string("a revision in quotes").min(1, "some text"),
);

/** Keys whose values are never told, and never stand in a file as plain text. */
export const SECRETS: ReadonlySet<string> = new Set(["url", "password", "rolePasswords"]);

/** Keys whose values are targets, or hold some. */
export const TARGETS: ReadonlySet<string> = new Set(["target", "pins", "baseline", "acceptEdited"]);

/** Every key of a stack's config; Pulumi.yaml declares the same with their descriptions. */
export const Keys = z.strictObject({
  schemas: names('a list of schema names, like ["dev", "prod"]').default([]),
  schemasQuery: text.optional(),
  exclude: names('a list of schema names, like ["tenant_7"]').default([]),
  target: place.default("head"),
  pins: z.preprocess(json, z.record(z.string(), place, targets)).default({}),
  migrations: text.default("migrations"),
  searchPath: names('a list of schema names, like ["extensions"]').default([]),
  allowOutOfOrder: yesNo.default(false),
  acceptEdited: z.preprocess(json, z.array(place, revisions)).default([]),
  baseline: place.optional(),
  adopt: z.enum(["alembic"], "alembic").optional(),
  snapshot: yesNo.default(false),
  downFrom: z.enum(["folder", "ledger"], "folder or ledger").optional(),
  lockTimeoutMs: milliseconds.default(5_000),
  statementTimeoutMs: milliseconds.default(0),
  waitTimeoutMs: milliseconds.default(60_000),
  concurrency: whole("a whole number from 1 to 100", 0, 100).default(0),
  waves: z.preprocess(json, z.array(z.array(z.string(waves).min(1, waves), waves).min(1, waves), waves)).default([]),
  wavePauseMs: milliseconds.default(0),
  waveCheck: text.optional(),
  onFailure: z.enum(["stop", "continue"], "stop or continue").default("stop"),
  failureLimit: whole("a whole number", 0, 2_147_483_647).default(0),
  onDestroy: z.enum(["retain", "drop"], "retain or drop").default("retain"),
  owner: text.optional(),
  app: text.optional(),
  rolePasswords: z.preprocess(json, z.record(z.string(), z.string(passwords), passwords)).default({}),
  url: z.string("text").optional(),
  host: text.optional(),
  port: whole("a port from 1 to 65535", 1, 65_535).optional(),
  database: text.optional(),
  user: text.optional(),
  password: z.string("text").optional(),
  sslmode: z.enum(SSL_MODES, SSL_MODES.join(", ")).optional(),
  sslrootcert: text.optional(),
});

export type Keys = z.infer<typeof Keys>;
export type Environment = Readonly<Record<string, string | undefined>>;
