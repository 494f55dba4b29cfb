import pg from "pg";
import type { Problem } from "../problem.ts";
import { type Database, serverError } from "./connection.ts";

/** Asks the query that stands between two waves: the next may start when its first column of its first row is true. */
export async function checkWave(database: Database, query: string): Promise<readonly Problem[]> {
  return database.withClient(async (client) => {
    await client.query("BEGIN READ ONLY; SET LOCAL statement_timeout = '60s'");
    try {
      // Prepared, so that it is one statement: a second one could leave the read-only transaction.
      const prepared: pg.QueryArrayConfig = { text: query, values: [], rowMode: "array", name: "waveCheck" };
      const { rows } = await client.query<readonly unknown[]>(prepared);
      const answer = rows[0]?.[0];
      return answer === true ? [] : [{ code: "wave-check", query, answer: JSON.stringify(answer) ?? "no row" }];
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      return [{ code: "server-error", doing: "to run waveCheck", error: serverError(error) }];
    } finally {
      await client.query("ROLLBACK; DEALLOCATE ALL");
    }
  });
}
