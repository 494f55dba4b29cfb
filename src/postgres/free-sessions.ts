import { availableParallelism } from "node:os";
import { type Problem, Refusal } from "../problem.ts";
import { type Connection, serverName } from "./connection.ts";
import type { Database } from "./database.ts";

/**
 * Schemas at once where nothing is asked, by the cores of this machine (PostgreSQL does not tell its own): four times as many, or
 * twice where the server has to share them. More than 16 gain nothing on most servers, and take connections from the site.
 */
export function atOnceByCores({ host }: Pick<Connection, "host">): number {
  return Math.min(16, (isHere(host) ? 2 : 4) * availableParallelism());
}

/** True for an address of this machine. */
function isHere(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.") || host.startsWith("/");
}

/**
 * How many sessions a run opens at most: one for each schema at once, and one for the watch over slow steps.
 *
 * @param asked schemas at once; 0 leaves it to us
 */
export function mostSessions(connection: Connection, asked: number): number {
  return (asked > 0 ? asked : atOnceByCores(connection)) + 1;
}

/**
 * How many schemas to migrate at once: what was asked for; or by the cores, but at most half of the connections that are free.
 *
 * @param asked 0 leaves it to us
 * @throws Refusal no-free-sessions where the server has fewer left than asked for, and one for the watch
 */
export async function sessionsFor(database: Database, connection: Connection, asked: number): Promise<number> {
  const free = await database.withClient(async (client) => {
    const { rows } = await client.query<{ free: number }>(FREE);
    return rows[0]?.free ?? 0;
  });
  // Those that are ours already, one of them for the watch.
  const available = free + database.signedIn() - 1;
  if (asked > 0 && asked > available) refuse(serverName(connection), asked, available);
  return asked > 0 ? asked : Math.max(1, Math.min(atOnceByCores(connection), Math.floor(available / 2)));
}

function refuse(server: string, asked: number, free: number): never {
  const problem: Problem = { code: "no-free-sessions", server, asked, free };
  throw new Refusal([problem]);
}

/**
 * Connections that this role can still open, of the server, the database and its own (manual 19.3.1). What kind of session another
 * role has is told to members of pg_read_all_stats only (manual 27.2.3); of others, all that belong to a role are counted.
 */
const FREE = `
  SELECT least(
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
      - coalesce(current_setting('reserved_connections', true)::int, 0) - count(*),
    (SELECT CASE WHEN datconnlimit < 0 THEN 100000 ELSE datconnlimit END FROM pg_catalog.pg_database
      WHERE datname = current_database()) - count(*) FILTER (WHERE datname = current_database()),
    (SELECT CASE WHEN rolconnlimit < 0 THEN 100000 ELSE rolconnlimit END FROM pg_catalog.pg_roles
      WHERE rolname = session_user) - count(*) FILTER (WHERE usename = session_user)
  )::int AS free
  FROM pg_catalog.pg_stat_activity
   WHERE backend_type = 'client backend' OR backend_type IS NULL AND usesysid IS NOT NULL`;
