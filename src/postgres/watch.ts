import pg from "pg";
import { type Blocker, Refusal } from "../problem.ts";
import { type Database, patiently } from "./connection.ts";

/** How often a running step is looked at, in ms; one that is done before costs nothing. */
const INTERVAL_MS = 1_000;

/** How long a server may leave the watch without any answer before its connections are given up, in ms. */
const SILENCE_MS = 20_000;

/**
 * Watches a session from a second one while it works: remembers who blocks it, and ends it on our side when the server
 * answers neither. Without it, a server that stopped answering would be waited for for ever.
 *
 * @returns the callback's result and the last session seen in its way
 */
export async function withWatch<T>(
  database: Database,
  client: pg.ClientBase,
  callback: () => Promise<T>,
): Promise<{ readonly result: T; readonly blocker: Blocker | undefined }> {
  let blocker: Blocker | undefined;
  let looking = false;
  let heard = performance.now();
  const { processID, connection } = client as WatchedClient;
  const look = async () => {
    if (performance.now() - heard > SILENCE_MS) connection.stream.destroy(new Error("the server stopped answering"));
    if (looking) return;
    looking = true;
    try {
      blocker = (await database.withClient((other) => blockerOf(other, processID))) ?? blocker;
      heard = performance.now();
    } catch (error) {
      // The server's own error is an answer too (no session free, say); a time-out is the silence that counts.
      if (isAnswer(error)) heard = performance.now();
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), INTERVAL_MS);
  try {
    return { result: await callback(), blocker };
  } finally {
    clearInterval(timer);
  }
}

function isAnswer(error: unknown): boolean {
  if (error instanceof Refusal) return error.problems.every((problem) => problem.code !== "unreachable");
  return error instanceof pg.DatabaseError;
}

interface WatchedClient extends pg.ClientBase {
  readonly processID: number;
  readonly connection: { readonly stream: { destroy(error: Error): void } };
}

async function blockerOf(client: pg.ClientBase, pid: number): Promise<Blocker | undefined> {
  const { rows } = await client.query<Blocker>(
    patiently(
      `SELECT pid, application_name AS application, usename AS user, left(query, 200) AS query,
            extract(epoch FROM clock_timestamp() - coalesce(xact_start, query_start))::integer AS seconds
       FROM pg_catalog.pg_stat_activity
      WHERE pid = ANY (pg_catalog.pg_blocking_pids($1)) ORDER BY xact_start LIMIT 1`,
      [pid],
      SILENCE_MS / 2,
    ),
  );
  return rows[0];
}
