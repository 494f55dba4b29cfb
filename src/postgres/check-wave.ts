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
      await client.query(single({ text: `PREPARE "waveCheck" AS ${query}` }));
      return [];
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      return [{ code: "server-error", doing: "to prepare waveCheck", error: serverError(error) }];
    } finally {
      await client.query("ROLLBACK; DEALLOCATE ALL");
    }
  });
}

/**
 * The same query by the protocol that takes one statement only: a second one could leave the read-only transaction. Without a name,
 * which node-postgres would take for known to the server when it is asked again. It knows the option, its types do not.
 */
function single<Config extends pg.QueryConfig>(query: Config): Config {
  return { ...query, queryMode: "extended" };
}

async function ask(database: Database, query: string): Promise<readonly Problem[]> {
  return database.withClient(async (client) => {
    await client.query("BEGIN READ ONLY; SET LOCAL statement_timeout = '60s'");
    try {
      const patient = { ...patiently(query, [], ANSWER_TIMEOUT_MS), rowMode: "array" as const };
      const { rows } = await client.query<readonly unknown[]>(single(patient));
      const answer = rows[0]?.[0];
      return answer === true ? [] : [{ code: "wave-check", query, answer: JSON.stringify(answer) ?? "no row" }];
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      return [{ code: "server-error", doing: "to run waveCheck", error: serverError(error) }];
    } finally {
      await client.query("ROLLBACK");
    }
  });
}
