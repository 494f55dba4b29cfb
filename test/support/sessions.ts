import type { TestDatabase } from "./database.ts";

/** Ids of this database's server processes whose current or last query holds the text. */
export async function sessionsRunning({ query }: TestDatabase, text: string): Promise<readonly number[]> {
  const rows = await query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' AND position($1 IN query) > 0`,
    [text],
  );
  return rows.map(({ pid }) => pid);
}

/** Waits until a session runs a query that holds the text, then ends it from outside, as an administrator would. */
export async function terminateWhenRunning(database: TestDatabase, text: string): Promise<void> {
  for (;;) {
    const [pid] = await sessionsRunning(database, text);
    if (pid === undefined) continue;
    await database.query("SELECT pg_terminate_backend($1)", [pid]);
    return;
  }
}

/** How many advisory locks are held in this database. */
export async function advisoryLocks({ query }: TestDatabase): Promise<number> {
  const rows = await query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_locks
      WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return rows[0]?.count ?? 0;
}
