import { createHash } from "node:crypto";
import pRetry from "p-retry";
import pg from "pg";
import { type LockHolder, Refusal } from "../problem.ts";
import { failUnless } from "./fail-unless.ts";
import { endsSession } from "./sqlstate.ts";

export interface LockOptions {
  /** How long to wait for another run, in ms. */
  readonly waitMs: number;
  readonly onWait: (holder: LockHolder | undefined) => void;
  /** Once aborted, it is not waited for any longer. */
  readonly stop: AbortSignal;
}

/**
 * A schema's lock, as its holder has it. It may be taken together with the first of the work and let go of together with the
 * last: each saves a round trip.
 */
export interface SchemaLock {
  /** What takes it, in a transaction of its own, or fails. */
  readonly take: string;
  /** The statement that lets go of it. */
  readonly release: string;
  /** To be set by whoever sends one of the two. */
  isHeld: boolean;
}

/**
 * Holds the schema's advisory lock for the callback. A session lock, polled: a session that waits for a lock inside a
 * transaction deadlocks with CREATE INDEX CONCURRENTLY, which waits for all older transactions. Two runs on different
 * schemas never meet.
 *
 * @param look a SELECT in the same message, which sees what the lock protects; the callback gets its rows, none where it failed
 * @throws Refusal locked, naming the holder; stopped
 */
export async function withSchemaLock<T>(
  client: pg.ClientBase,
  schema: string,
  options: LockOptions,
  callback: (found: readonly pg.QueryResultRow[], lock: SchemaLock) => Promise<T>,
  look = "",
): Promise<T> {
  const found = await acquire(client, lockKey(schema), schema, options, look);
  return releasing(client, { take: "", release: RELEASE, isHeld: true }, (lock) => callback(found, lock));
}

/**
 * The same for a callback that takes the lock itself, together with the first of its work.
 *
 * @param changed SQL that is true where what the lock protects is no longer what it was
 * @param lockTimeoutMs how long to look waits for a table's lock
 */
export function withLockToTake<T>(
  client: pg.ClientBase,
  schema: string,
  changed: string,
  lockTimeoutMs: number,
  callback: (lock: SchemaLock) => Promise<T>,
): Promise<T> {
  const statements = [
    // Each statement with a snapshot of its own, whatever the role's default: what the lock protects is read behind the lock.
    "BEGIN ISOLATION LEVEL READ COMMITTED",
    `SET LOCAL lock_timeout TO ${lockTimeoutMs}`,
    failUnless(`pg_catalog.pg_try_advisory_lock(${lockKey(schema)})`, "another run migrates this schema"),
    failUnless(`NOT (${changed})`, "another run has migrated this schema"),
    "COMMIT",
  ];
  const text = statements.map((statement) => `${statement};\n`).join("");
  return releasing(client, { take: text, release: RELEASE, isHeld: false }, callback);
}

/** All of them: a script may have taken one of its own, and the session serves the next schema. */
const RELEASE = "SELECT pg_catalog.pg_advisory_unlock_all()";

/** Not in a finally: a session whose callback threw is closed, and the lock goes with it. */
async function releasing<T>(
  client: pg.ClientBase,
  lock: SchemaLock,
  callback: (lock: SchemaLock) => Promise<T>,
): Promise<T> {
  const result = await callback(lock);
  if (lock.isHeld) await client.query(lock.release);
  return result;
}

/**
 * Holds the database's own lock for the callback, beside the schema's: for a step that changes what all schemas share, so that
 * such steps run one after the other.
 *
 * @throws Refusal locked, naming the holder; stopped
 */
export async function withDatabaseLock<T>(
  client: pg.ClientBase,
  schema: string,
  options: Omit<LockOptions, "onWait">,
  callback: () => Promise<T>,
): Promise<T> {
  // No schema has an empty name.
  const key = lockKey("");
  await acquire(client, key, schema, { ...options, onWait: () => {} });
  const result = await callback();
  await client.query(`SELECT pg_catalog.pg_advisory_unlock(${key})`);
  return result;
}

async function acquire(
  client: pg.ClientBase,
  key: bigint,
  schema: string,
  { waitMs, onWait, stop }: LockOptions,
  look = "",
): Promise<readonly pg.QueryResultRow[]> {
  const started = performance.now();
  return pRetry(() => tryLock(client, key, look), {
    retries: Number.POSITIVE_INFINITY,
    maxRetryTime: waitMs,
    minTimeout: 50,
    maxTimeout: 2_000,
    factor: 1.5,
    randomize: true,
    shouldRetry: ({ error }) => error instanceof Held && !stop.aborted,
    onFailedAttempt: async ({ error, attemptNumber }) => {
      if (error instanceof Held && attemptNumber === 1) onWait(await lockHolder(client, key));
    },
  }).catch(async (error: unknown) => {
    if (!(error instanceof Held)) throw error;
    if (stop.aborted) throw new Refusal([{ code: "stopped" }]);
    const waitedMs = Math.round(performance.now() - started);
    throw new Refusal([{ code: "locked", schema, waitedMs, holder: await lockHolder(client, key) }]);
  });
}

class Held extends Error {}

async function tryLock(client: pg.ClientBase, key: bigint, look: string): Promise<readonly pg.QueryResultRow[]> {
  const lock = `SELECT pg_catalog.pg_try_advisory_lock(${key}) AS locked`;
  if (look === "") return rowsOf(await client.query(lock), []);
  // Each statement with a snapshot of its own, whatever the role's default: what the lock protects is read behind the lock.
  const message = `BEGIN ISOLATION LEVEL READ COMMITTED; ${lock}; ${look}; COMMIT`;
  const answer: unknown = await client.query(message).catch((error: unknown) => {
    if (!(error instanceof pg.DatabaseError) || endsSession(error)) throw error;
    return client.query(`ROLLBACK; ${lock}; SELECT WHERE false`);
  });
  const [, locked, found] = answer as readonly pg.QueryResult[];
  return rowsOf(locked, found?.rows ?? []);
}

function rowsOf(locked: pg.QueryResult | undefined, found: readonly pg.QueryResultRow[]): readonly pg.QueryResultRow[] {
  if (!locked?.rows[0]?.locked) throw new Held();
  return found;
}

/** The key of a schema's lock: 64 bits of a hash, as PostgreSQL's signed bigint. Locks are a database's own already. */
export function lockKey(schema: string): bigint {
  return createHash("sha256").update(`pulumi-schema-migrations/${schema}`, "utf8").digest().readBigInt64BE();
}

async function lockHolder(client: pg.ClientBase, key: bigint): Promise<LockHolder | undefined> {
  const { rows } = await client.query<LockHolder>(
    `SELECT a.pid, a.application_name AS application, a.usename AS user,
            extract(epoch FROM clock_timestamp() - a.backend_start)::integer AS seconds
       FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
        AND (l.classid::bigint << 32) | l.objid::bigint = $1::bigint`,
    [key.toString()],
  );
  return rows[0];
}
