import pg from "pg";
import { type Problem, Refusal } from "../problem.ts";
import { type Database, patiently } from "./database.ts";
import { messageOf, serverError } from "./server-error.ts";

/** Longer than the server's own limit, so that it is the server that says why. */
const ANSWER_TIMEOUT_MS = 75_000;

/**
 * Asks the query that stands between two waves: the next may start when its first column of its first row is true. Whatever goes
 * wrong is an answer too: what the waves before have done must not get lost with it.
 */
export async function checkWave(database: Database, query: string): Promise<readonly Problem[]> {
  try {
    return await ask(database, query);
  } catch (error) {
    if (error instanceof Refusal) return error.problems;
    return [{ code: "wave-check", query, answer: `no answer (${messageOf(error)})` }];
  }
}

/** What is wrong with the query of {@link checkWave} by what is there now, without running it: a step may still make what it asks. */
export async function tryWave(database: Database, query: string | undefined): Promise<readonly Problem[]> {
  if (query === undefined) return [];
  return database.withClient(async (client) => {
    await client.query("BEGIN READ ONLY");
    try {
      await client.query(`PREPARE "waveCheck" AS ${query}`);
      return [];
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      return [{ code: "server-error", doing: "to prepare waveCheck", error: serverError(error) }];
    } finally {
      await client.query("ROLLBACK; DEALLOCATE ALL");
    }
  });
}

async function ask(database: Database, query: string): Promise<readonly Problem[]> {
  return database.withClient(async (client) => {
    await client.query("BEGIN READ ONLY; SET LOCAL statement_timeout = '60s'");
    try {
      // Prepared, so that it is one statement: a second one could leave the read-only transaction.
      const prepared: pg.QueryArrayConfig = {
        ...patiently(query, [], ANSWER_TIMEOUT_MS),
        rowMode: "array",
        name: "waveCheck",
      };
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
