import type { TestDatabase } from "./database.ts";

/**
 * Waits until a session of this database is inside pg_sleep(), then ends it from outside, as an administrator would. Told by
 * what it waits for: pg_stat_activity cuts long queries, and ours begin with settings and ledger.
 */
export async function terminateSleeping({ query }: TestDatabase): Promise<void> {
  for (;;) {
    const ended = await query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event = 'PgSleep'`,
    );
    if (ended.length > 0) return;
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

/** Answers that the server finished (ReadyForQuery) while the callback ran. */
export async function roundTrips(client: object, callback: () => Promise<unknown>): Promise<number> {
  const { connection } = client as { readonly connection: NodeJS.EventEmitter };
  let count = 0;
  const add = () => {
    count += 1;
  };
  connection.on("readyForQuery", add);
  await callback();
  connection.off("readyForQuery", add);
  return count;
}
