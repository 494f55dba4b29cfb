import type { TestDatabase } from "./database.ts";

/** What a schema's ledger says of a revision. */
export interface StandingRow {
  /** From 1, in the order of applying. */
  readonly position: number;
  readonly revision: string;
  readonly state: "applied" | "applying" | "reverting";
  readonly checksum: string;
  readonly down: string | null;
  readonly in_transaction: boolean;
  readonly db_user: string;
}

/**
 * What is applied in a schema, found in another way than the product finds it: in SQL, by what came last of each revision
 * since it was last gone.
 */
export function standingRows({ query }: TestDatabase, schema: string): Promise<readonly StandingRow[]> {
  const ledger = `"${schema.replaceAll('"', '""')}".migration_ledger`;
  return query<StandingRow & Record<string, unknown>>(
    `WITH told AS (SELECT * FROM ${ledger} WHERE outcome <> 'failed'),
          since AS (SELECT t.* FROM told t
                     WHERE NOT EXISTS (SELECT FROM told gone WHERE gone.revision = t.revision AND gone.entry >= t.entry
                                          AND gone.direction = 'down' AND gone.outcome <> 'started'))
     SELECT row_number() OVER (ORDER BY min(entry))::int AS position, revision,
            CASE (array_agg(direction || ' ' || outcome ORDER BY entry DESC))[1]
              WHEN 'up started' THEN 'applying' WHEN 'down started' THEN 'reverting' ELSE 'applied' END AS state,
            (array_agg(checksum ORDER BY entry DESC) FILTER (WHERE direction = 'up'))[1] AS checksum,
            (array_agg(down ORDER BY entry DESC) FILTER (WHERE direction = 'up'))[1] AS down,
            (array_agg(in_transaction ORDER BY entry DESC) FILTER (WHERE direction = 'up'))[1] AS in_transaction,
            (array_agg(db_user ORDER BY entry DESC) FILTER (WHERE direction = 'up'))[1] AS db_user
       FROM since GROUP BY revision HAVING bool_or(direction = 'up') ORDER BY 1`,
  );
}

/** An entry as a person may have to write it: `(entry, revision, direction, outcome, checksum, in_transaction, down)`. */
export function insertEntries(schema: string, ...values: readonly string[]): string {
  return (
    `INSERT INTO ${schema}.migration_ledger (entry, revision, direction, outcome, checksum, in_transaction, down) ` +
    `VALUES ${values.join(", ")}`
  );
}
