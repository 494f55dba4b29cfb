import { Socket } from "node:net";
import pg from "pg";
import { Refusal } from "../problem.ts";
import { type Connection, signIn, tls } from "./connection.ts";
import { connectProblem } from "./server-error.ts";
import { OWN_SETTINGS, SET_OWN_SETTINGS } from "./session.ts";

/** A bounded set of sessions on one database. */
export interface Database {
  /** How many of them there are at most. */
  readonly sessions: number;
  /** How many of them there are by now. */
  signedIn(): number;
  /**
   * Lends a session. One whose callback throws is closed, not reused: its state is not known.
   * @throws Refusal unreachable, no-tls, sign-in-refused, database-missing or no-session
   */
  withClient<T>(callback: (client: pg.ClientBase) => Promise<T>): Promise<T>;
}

export const APPLICATION_NAME = "pulumi-schema-migrations";
const CONNECT_TIMEOUT_MS = 15_000;

/** How long the server may take to answer what is not a step: reading ledgers, taking locks. */
const ANSWER_TIMEOUT_MS = 60_000;

/** As long as it takes: node-postgres takes 0 for "the pool's". */
const NO_TIMEOUT_MS = 2_147_483_647;

/** A query whose answer is waited for so long. node-postgres knows the option, its types do not. */
export function patiently(text: string, values: readonly unknown[] = [], timeoutMs = NO_TIMEOUT_MS): pg.QueryConfig {
  const query = { text, values: [...values], query_timeout: timeoutMs };
  return query;
}

/**
 * Opens at most `sessions` sessions for the callback, and closes them behind it. The first begins to sign in at once, what the
 * callback does before it needs one notwithstanding; the others do when they are needed.
 */
export async function withDatabase<T>(
  connection: Connection,
  sessions: number,
  callback: (database: Database) => Promise<T>,
): Promise<T> {
  // node-postgres leaves the socket open when it gives up during sign-in; the server would wait for it for a minute.
  const sockets: Socket[] = [];
  const pool = new pg.Pool({
    ...signIn(connection),
    stream: () => {
      const socket = new Socket();
      sockets.push(socket);
      return socket;
    },
    ssl: tls(connection),
    application_name: APPLICATION_NAME,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    query_timeout: ANSWER_TIMEOUT_MS,
    max: sessions,
  });
  // A session lost while idle is not an error of ours; the next one is opened in its place.
  pool.on("error", () => {});
  let signedIn = 0;
  pool.on("connect", (client) => {
    signedIn += 1;
    // It can also end in the moment between its sign-in and its first use.
    client.on("error", () => {});
  });
  pool.on("remove", () => {
    signedIn -= 1;
  });
  const first = pool.connect();
  // What goes wrong is told to whoever needs the session.
  first.catch(() => {});
  let isTaken = false;
  const connect = () => {
    if (isTaken) return pool.connect();
    isTaken = true;
    return first;
  };
  try {
    return await callback({
      sessions,
      signedIn: () => signedIn,
      withClient: (use) => withPooledClient(connect, connection, use),
    });
  } finally {
    if (!isTaken) {
      // A server that does not answer would be waited for.
      if (signedIn === 0) for (const socket of sockets) socket.destroy();
      await first.then((unused) => unused.release()).catch(() => {});
    }
    await pool.end();
    for (const socket of sockets) socket.destroy();
  }
}

async function withPooledClient<T>(
  connect: () => Promise<pg.PoolClient>,
  connection: Connection,
  callback: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  const client = await connect().catch((error: unknown) => {
    throw new Refusal([connectProblem(error, connection)]);
  });
  // A session that ends between two queries says why here; the next query only says that it is gone.
  let ended: Error | undefined;
  const note = (error: Error) => {
    ended ??= error;
  };
  client.on("error", note);
  let failed = true;
  try {
    if (!known.has(client)) known.set(client, await prepared(client));
    const result = await callback(client);
    failed = false;
    return result;
  } catch (error) {
    throw told(error, ended);
  } finally {
    client.off("error", note);
    client.release(failed);
  }
}

/** Of a session that ended what says most: the server's last words, also where only the query after them failed. */
function told(error: unknown, ended: Error | undefined): unknown {
  if (!(error instanceof Refusal)) return ended ?? error;
  const isLoss = error.problems.some((problem) => problem.code === "connection-lost");
  return isLoss && ended instanceof pg.DatabaseError ? ended : error;
}

/** What is known of a session for as long as the pool keeps it. */
interface Session {
  readonly pid: number;
  /** What holds in it outside of scripts, as statements. */
  readonly ownSettings: string;
}

const known = new WeakMap<pg.ClientBase, Session>();

async function prepared(client: pg.ClientBase): Promise<Session> {
  const text = `${SET_OWN_SETTINGS}; SELECT pg_catalog.pg_backend_pid() AS pid, (${OWN_SETTINGS}) AS "ownSettings"`;
  const answer: unknown = await client.query(text);
  const [, told] = answer as readonly pg.QueryResult<Session>[];
  return told?.rows[0] ?? { pid: 0, ownSettings: "" };
}

/** The server's process of a session that a {@link Database} lends. A pooler tells clients a number of its own at sign-in. */
export function backendOf(client: pg.ClientBase): number {
  return known.get(client)?.pid ?? 0;
}

/** What a session that was reset has to be told again. */
export function ownSettingsOf(client: pg.ClientBase): string {
  return known.get(client)?.ownSettings ?? "";
}
