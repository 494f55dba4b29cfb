import type { QueryResult, QueryResultRow } from "pg";

/** What a migration in TypeScript talks to: the step's session, its search path on the schema, inside its transaction. */
export interface MigrationClient {
  /**
   * Runs a statement. In a transaction, statements that would end or begin one are refused.
   *
   * @param values for $1, $2, …
   */
  query<Row extends QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<QueryResult<Row>>;
}

/**
 * One direction of a migration in TypeScript, `NNNN_name.ts`: the file exports `up`, usually `down`, and
 * `transaction = false` where it wants to run outside a transaction.
 */
export type Migration = (client: MigrationClient, schema: string) => Promise<void>;
