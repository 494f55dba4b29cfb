import type pg from "pg";
import { EVENTS } from "./ledger-table.ts";
import { quoteName } from "./session.ts";

/** The last thing that ran in a schema. */
export interface LastEvent {
  readonly at: Date;
  /** `user@machine` of the process that ran it. */
  readonly actor: string;
  readonly revision: string;
  readonly direction: "up" | "down";
  readonly outcome: "started" | "done" | "failed";
  readonly error: string | null;
}

/**
 * Reads the last event of each of the schemas, in one message.
 *
 * @param schemas only those that have a ledger
 */
export async function readLastEvents(
  client: pg.ClientBase,
  schemas: readonly string[],
): Promise<ReadonlyMap<string, LastEvent>> {
  if (schemas.length === 0) return new Map();
  const text = schemas
    .map(
      (schema) =>
        `SELECT at, actor, revision, direction, outcome, error FROM ${quoteName(schema)}.${EVENTS} ORDER BY id DESC LIMIT 1`,
    )
    .join(";\n");
  const answer: unknown = await client.query(text);
  const results = (Array.isArray(answer) ? answer : [answer]) as readonly pg.QueryResult<LastEvent>[];
  return new Map(
    schemas.flatMap((schema, index) => {
      const event = results[index]?.rows[0];
      return event ? [[schema, event] as const] : [];
    }),
  );
}
