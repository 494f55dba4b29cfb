import type pg from "pg";
import type { Blocker, Problem } from "../problem.ts";
import { serverError } from "./server-error.ts";
import { quoteText } from "./session.ts";
import { LOCK_NOT_AVAILABLE } from "./sqlstate.ts";

/** Why a schema's ledger, or another table that tells where it stands, could not be read: who is in the way, or whose it is. */
export async function unreadable(
  client: pg.ClientBase,
  schema: string,
  table: string,
  error: pg.DatabaseError,
): Promise<Problem> {
  const { blocker, owner, user } = (await lookAt(client, table).catch(() => undefined)) ?? {};
  if (error.code === LOCK_NOT_AVAILABLE) return { code: "ledger-held", schema, blocker: blocker ?? undefined };
  const foreign = owner && user ? { owner, user } : undefined;
  return { code: "ledger-unreadable", schema, table, foreign, error: serverError(error) };
}

interface Look {
  readonly user: string;
  /** Who owns the table, where that is not who signed in. */
  readonly owner: string | null;
  readonly blocker: Blocker | null;
}

/** After the wait nothing blocks this session any more: who is in the way has, or wants, a lock that lets nobody read. */
async function lookAt(client: pg.ClientBase, table: string): Promise<Look | undefined> {
  const { rows } = await client.query<Look>(
    `SELECT session_user AS user, to_json(b) AS blocker,
            CASE WHEN NOT pg_catalog.pg_has_role(c.relowner, 'USAGE') THEN pg_catalog.pg_get_userbyid(c.relowner) END AS owner
       FROM pg_catalog.pg_class c LEFT JOIN LATERAL (
         SELECT a.pid, application_name AS application, usename AS user, left(query, 200) AS query,
                extract(epoch FROM clock_timestamp() - coalesce(xact_start, query_start))::integer AS seconds
           FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
          WHERE l.locktype = 'relation' AND l.relation = c.oid AND l.mode = 'AccessExclusiveLock'
            AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
          ORDER BY l.granted DESC, xact_start LIMIT 1) b ON true
      WHERE c.oid = pg_catalog.to_regclass(${quoteText(table)})`,
  );
  return rows[0];
}
