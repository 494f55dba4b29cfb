import pLimit from "p-limit";
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
  query(statement: Statement & { readonly database: string }): Promise<readonly Row[]>;
  /**
   * Runs all of the statements or none, and rejects as `query` does. One transaction at a time: the engine creates resources
   * side by side, and the server refuses ("tuple concurrently updated", XX000) to change the privileges of one thing so.
   */
  transaction(database: string, statements: readonly Statement[]): Promise<void>;
}

type Row = Readonly<Record<string, unknown>>;

export interface Statement {
  readonly sql: string;
  readonly values?: readonly unknown[];
  /** Completes "Could not …". */
  readonly doing: string;
  readonly explain?: Readonly<Record<string, string>>;
}

export function connect(settings: Settings): Connection {
  const oneAtATime = pLimit(1);
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
  const clientOf = (database: string, doing: string): Promise<pg.PoolClient> =>
    poolOf(database)
      .connect()
      .catch((cause: unknown) => {
        throw new Error(`Could not ${doing}: ${connectionProblem(settings, database, cause)}`, { cause });
      });
  return {
    database: settings.database,
    async query({ database, ...statement }) {
      const client = await clientOf(database, statement.doing);
      try {
        return await run(client, statement);
      } finally {
        client.release();
      }
    },
    transaction: (database, statements) =>
      oneAtATime(async () => {
        const [first] = statements;
        if (first === undefined) return;
        const client = await clientOf(database, first.doing);
        let broken = false;
        try {
          await run(client, { sql: "BEGIN", doing: first.doing });
          for (const statement of statements) await run(client, statement);
          await run(client, { sql: "COMMIT", doing: first.doing });
        } catch (error) {
          await client.query("ROLLBACK").catch(() => {
            broken = true;
          });
          throw error;
        } finally {
          client.release(broken);
        }
      }),
  };
}

async function run(client: pg.PoolClient, statement: Statement): Promise<readonly Row[]> {
  const { sql, values = [], doing, explain = {} } = statement;
  try {
    return (await client.query<Record<string, unknown>>(sql, [...values])).rows;
  } catch (cause) {
    const wayOut = explain[sqlState(cause) ?? ""];
    throw new Error(`Could not ${doing}: ${describe(cause)}.${wayOut === undefined ? "" : ` ${wayOut}`}`, { cause });
  }
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
