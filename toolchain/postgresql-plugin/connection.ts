import pg from "pg";
import { clientConfig, type Settings } from "./settings.ts";

/** Runs statements in a database of the provider's server. Connects at the first one. */
export interface Connection {
  /** The database that the provider names, where a resource names none. */
  readonly database: string;
  /**
   * Rejects with what was `doing`, the server's words and the SQLSTATE, and never with a secret. `explain` adds the way out
   * for SQLSTATEs that need one.
   */
  query(statement: Statement): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

export interface Statement {
  readonly database: string;
  readonly sql: string;
  readonly values?: readonly unknown[];
  /** Completes "Could not …". */
  readonly doing: string;
  readonly explain?: Readonly<Record<string, string>>;
}

export function connect(settings: Settings): Connection {
  const pools = new Map<string, pg.Pool>();
  const poolOf = (database: string): pg.Pool => {
    const existing = pools.get(database);
    if (existing !== undefined) return existing;
    const pool = new pg.Pool({ ...clientConfig(settings, database), max: settings.maxConnections || 1000 });
    // A server that goes away while a connection is idle is no error: the next statement opens another one.
    pool.on("error", () => {});
    pools.set(database, pool);
    return pool;
  };
  return {
    database: settings.database,
    async query({ database, sql, values = [], doing, explain = {} }) {
      const client = await poolOf(database)
        .connect()
        .catch((cause: unknown) => {
          throw new Error(`Could not ${doing}: ${connectionProblem(settings, database, cause)}`, { cause });
        });
      try {
        return (await client.query<Record<string, unknown>>(sql, [...values])).rows;
      } catch (cause) {
        const wayOut = explain[sqlState(cause) ?? ""];
        throw new Error(`Could not ${doing}: ${describe(cause)}.${wayOut === undefined ? "" : ` ${wayOut}`}`, {
          cause,
        });
      } finally {
        client.release();
      }
    },
  };
}

function connectionProblem(settings: Settings, database: string, cause: unknown): string {
  const target = `PostgreSQL at ${settings.host}:${settings.port}, database "${database}", as user "${settings.username}"`;
  const hint =
    settings.sslmode !== "disable" && sqlState(cause) === undefined
      ? ` (sslmode is "${settings.sslmode}"; for a server without TLS set it to "disable")`
      : "";
  return `no connection to ${target}: ${describe(cause)}${hint}`;
}

function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const state = sqlState(cause);
  // An AggregateError (a host name with several addresses, all refused) has an empty message.
  const message = cause.message || ("code" in cause ? String(cause.code) : cause.name);
  return state === undefined ? message : `${message} (SQLSTATE ${state})`;
}

/** The SQLSTATE of an error that came from the server. */
export function sqlState(cause: unknown): string | undefined {
  return cause instanceof pg.DatabaseError ? cause.code : undefined;
}
