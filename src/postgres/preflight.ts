import type pg from "pg";
import type { Problem } from "../problem.ts";
import { type Connection, serverName } from "./connection.ts";
import type { Database } from "./database.ts";

/**
 * What would make any change fail, known before the first one: a pooler that shares sessions, a server or role that is
 * read-only, a schema without the rights. One round trip, whatever the number of schemas; two behind a pooler.
 */
export async function preflight(
  database: Database,
  connection: Connection,
  schemas: readonly string[],
): Promise<readonly Problem[]> {
  const server = serverName(connection);
  return database.withClient(async (client) => {
    const state = await serverState(client, schemas);
    if (await sharesSessions(database, client, state.pid)) return [{ code: "pooler", server }];
    if (state.standby) return [{ code: "read-only", server, why: "standby" }];
    if (state.readOnly) return [{ code: "read-only", server, why: "setting" }];
    return state.lacking.map(({ schema, right }) => ({ code: "no-rights", schema, user: state.user, right }));
  });
}

interface ServerState {
  readonly pid: number;
  readonly user: string;
  readonly standby: boolean;
  readonly readOnly: boolean;
  readonly lacking: readonly { readonly schema: string; readonly right: "USAGE" | "CREATE" }[];
}

async function serverState(client: pg.ClientBase, schemas: readonly string[]): Promise<ServerState> {
  const { rows } = await client.query<ServerState>(
    `SELECT pg_catalog.pg_backend_pid() AS pid, current_user AS user, pg_catalog.pg_is_in_recovery() AS standby,
            current_setting('default_transaction_read_only')::boolean AS "readOnly",
            (SELECT coalesce(json_agg(json_build_object('schema', nspname, 'right', r.name)), '[]')
               FROM pg_catalog.pg_namespace n, (VALUES ('USAGE'), ('CREATE')) AS r (name)
              WHERE nspname = ANY ($1) AND NOT pg_catalog.has_schema_privilege(n.oid, r.name)) AS lacking`,
    [schemas],
  );
  const [state] = rows;
  if (!state) throw new Error("the server answered without a row");
  return state;
}

/** Looks at which session a connection has, one connection after the other, so often. */
const LOOKS = 5;

/**
 * True where connections share sessions. A pooler hands out process ids of its own; in transaction mode it gives the session
 * that has just become free to whoever asks next: to our other connection, or, when others come and go, ours changes.
 */
async function sharesSessions(database: Database, client: pg.ClientBase, pid: number): Promise<boolean> {
  const { processID } = client as pg.ClientBase & { readonly processID: number };
  if (processID === pid) return false;
  return database.withClient(async (other) => {
    const [ours, others] = [new Set([pid]), new Set<number>()];
    for (let look = 0; look < LOOKS; look += 1) {
      others.add(await backendPid(other));
      ours.add(await backendPid(client));
    }
    return ours.size > 1 || others.size > 1 || others.has(pid);
  });
}

async function backendPid(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("SELECT pg_catalog.pg_backend_pid() AS pid");
  return rows[0]?.pid ?? 0;
}
