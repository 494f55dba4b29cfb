import type { Socket } from "node:net";
import pg from "pg";
import { type Blocker, Refusal } from "../problem.ts";
import { backendOf, type Database, patiently } from "./database.ts";

/** How often a running step is looked at, in ms; one that is done before costs nothing. */
const INTERVAL_MS = 1_000;

/** How long there may be no sign that an answer will come, in ms, before a connection is given up. */
const SILENCE_MS = 20_000;

/**
 * Watches a session from a second one while it works: remembers who blocks it, and ends it on our side when the server
 * answers neither, or has finished and its answer never came. Without it, both would be waited for for ever: a server that
 * stopped, and a connection that a firewall forgot.
 *
 * @returns the callback's result and the last session seen in its way
 */
export async function withWatch<T>(
  database: Database,
  client: pg.ClientBase,
  callback: () => Promise<T>,
): Promise<{ readonly result: T; readonly blocker: Blocker | undefined }> {
  const watched = client as WatchedClient;
  const { stream } = watched.connection;
  let blocker: Blocker | undefined;
  let looking = false;
  let heard = performance.now();
  let silent = SERVER_SILENT;
  let received = stream.bytesRead;
  const look = async () => {
    if (performance.now() - heard > SILENCE_MS) stream.destroy(new Error(silent));
    if (looking) return;
    looking = true;
    try {
      const seen = await database.withClient((other) => lookAt(other, backendOf(client)));
      blocker = seen.blocker ?? blocker;
      // Code may pause between its queries, a long script may still be on its way there and a long result on its way back.
      const waiting = !watched.readyForQuery && stream.writableLength === 0 && stream.bytesRead === received;
      if (seen.works || !waiting) heard = performance.now();
      received = stream.bytesRead;
      silent = CONNECTION_SILENT;
    } catch (error) {
      // The server's own error is an answer too (no session free, say); a time-out is the silence that counts.
      if (isAnswer(error)) heard = performance.now();
      else silent = SERVER_SILENT;
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

const SERVER_SILENT = "the server stopped answering";
const CONNECTION_SILENT = "the connection fell silent, while the server is well";

function isAnswer(error: unknown): boolean {
  if (error instanceof Refusal) return error.problems.every((problem) => problem.code !== "unreachable");
  return error instanceof pg.DatabaseError;
}

/** node-postgres has these; its types do not. */
interface WatchedClient extends pg.ClientBase {
  /** False while a query waits for its answer. */
  readonly readyForQuery: boolean;
  readonly connection: { readonly stream: Socket };
}

interface Seen {
  /** False where the session waits for its client, or is gone. */
  readonly works: boolean;
  readonly blocker: Blocker | null;
}

/**
 * As who signed in: a session of one's own is seen by its sign-in (manual 27.2.3), and a setting of a role can begin all of its sessions as
 * another one. Who sees nothing of it takes it to be at work.
 */
async function lookAt(other: pg.ClientBase, pid: number): Promise<Seen> {
  const answer: unknown = await other.query(
    patiently(
      `BEGIN; SET LOCAL ROLE NONE;
       SELECT coalesce(a.state NOT LIKE 'idle%', true) AS works, to_json(b) AS blocker
       FROM pg_catalog.pg_stat_activity a LEFT JOIN LATERAL (
         SELECT pid, application_name AS application, usename AS user, left(query, 200) AS query,
                extract(epoch FROM clock_timestamp() - coalesce(xact_start, query_start))::integer AS seconds
           FROM pg_catalog.pg_stat_activity
          WHERE pid = ANY (pg_catalog.pg_blocking_pids(a.pid)) ORDER BY xact_start LIMIT 1) b ON true
      WHERE a.pid = ${pid};
       COMMIT`,
      [],
      SILENCE_MS / 2,
    ),
  );
  const [, , found] = answer as readonly pg.QueryResult<Seen>[];
  return found?.rows[0] ?? { works: false, blocker: null };
}
