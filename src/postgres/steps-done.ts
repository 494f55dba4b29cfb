import type pg from "pg";
import type { Ledger } from "../plan/ledger.ts";
import { ledgerTable } from "./ledger-table.ts";
import type { Run } from "./record-step.ts";
import type { StepResult } from "./run-step.ts";

/**
 * The steps that a run has finished in a schema, by its ledger: more than were heard of, where the answer to a COMMIT was
 * lost. Of those the duration is the server's own.
 */
export async function stepsDone(
  client: pg.ClientBase,
  { schema, exists }: Pick<Ledger, "schema" | "exists">,
  run: Run,
  heard: readonly StepResult[],
): Promise<StepResult[]> {
  if (!exists) return [...heard];
  // A snapshot was one step, and has an entry for each of the revisions that it stood for.
  const { rows } = await client.query<StepResult>(
    `SELECT (array_agg(revision ORDER BY entry DESC))[1] AS revision, direction, coalesce(sum(duration_ms), 0) AS "durationMs",
            (array_agg(revision ORDER BY entry) FILTER (WHERE outcome = 'snapshot'))[1] AS first,
            bool_or(outcome = 'recorded') OR NULL AS recorded
       FROM ${ledgerTable(schema)} WHERE run = $1 AND outcome IN ('done', 'recorded', 'snapshot')
      GROUP BY direction, CASE WHEN outcome <> 'snapshot' THEN entry END ORDER BY max(entry)`,
    [run.id],
  );
  const isSame = (one: StepResult) => (other: StepResult) =>
    one.revision === other.revision && one.direction === other.direction;
  return rows.map(
    (row) => heard.find(isSame(row)) ?? { ...row, first: row.first ?? undefined, recorded: row.recorded ?? undefined },
  );
}
