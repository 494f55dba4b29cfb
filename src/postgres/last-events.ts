import type pg from "pg";
import type { Outcome } from "../plan/ledger.ts";
import { ledgerTable } from "./ledger-table.ts";
import { selectEach } from "./select-each.ts";

/** The last thing that ran in a schema. */
export interface LastEvent {
  readonly at: Date;
  /** `user@machine` of the process that ran it. */
  readonly actor: string;
  readonly revision: string;
  readonly direction: "up" | "down";
  readonly outcome: Outcome;
  readonly error: string | null;
}

/**
 * Reads the last event of each of the schemas, in a few messages.
 *
 * @param schemas only those that have a ledger
 */
export async function readLastEvents(
  client: pg.ClientBase,
  schemas: readonly string[],
): Promise<ReadonlyMap<string, LastEvent>> {
  const select = (table: string) =>
    // As text the time would be in the DateStyle of whoever signs in.
    `SELECT extract(epoch FROM at)::double precision AS at, actor, revision, direction, outcome, error FROM ${table} ORDER BY entry DESC LIMIT 1`;
  const rows = await selectEach<Omit<LastEvent, "at"> & { readonly at: number }>(client, schemas, ledgerTable, select);
  return new Map(
    [...rows].flatMap(([schema, [event]]) =>
      event ? [[schema, { ...event, at: new Date(event.at * 1_000) }] as const] : [],
    ),
  );
}
