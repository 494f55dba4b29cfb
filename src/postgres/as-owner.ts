import { roleOf } from "../role-name.ts";
import { failUnless } from "./fail-unless.ts";
import { quoteName, quoteText } from "./session.ts";
import type { StepSettings } from "./step-messages.ts";

/** A statement that fails where a role may not use the schema. */
export interface Proof {
  readonly role: string;
  /** The error, in words. */
  readonly says: string;
  /** Its place among the statements of the message. */
  readonly at: number;
}

/**
 * Behind the ledger's own statements: its tables belong to who signs in, so that no script can write them. A schema that its role
 * may not use PostgreSQL passes over without a word (manual 5.10.3), and the script would work on what comes behind it in the
 * search path: temporary tables, say. Hence the proof.
 */
export function asOwner(schema: string, { owner }: StepSettings, scope: "LOCAL" | "SESSION"): readonly string[] {
  if (owner === undefined) return [];
  const role = roleOf(owner, schema);
  return [
    `SET ${scope} ROLE ${quoteName(role)}`,
    failUnless(`pg_catalog.current_schema() = ${quoteText(schema)}`, shutOut(role, schema)),
  ];
}

/** The proof that a message has, given its statements up to that one. */
export function proofIn(before: readonly string[], schema: string, { owner }: StepSettings): Proof | undefined {
  if (owner === undefined) return undefined;
  const role = roleOf(owner, schema);
  return { role, says: shutOut(role, schema), at: before.length - 1 };
}

/** Deferred triggers run as whoever is current at COMMIT (up to PostgreSQL 17): they are the script's work, and the owner's. */
export function runDeferred({ owner }: StepSettings): readonly string[] {
  return owner === undefined ? [] : ["SET CONSTRAINTS ALL IMMEDIATE"];
}

function shutOut(role: string, schema: string): string {
  return `role "${role}" lacks USAGE on schema "${schema}"`;
}
