import type pg from "pg";
import type { Database } from "./database.ts";

/** So many items (schemas, say) are worth the sign-in of one session more. */
const ITEMS_A_SESSION = 100;

/** More would take connections from the site, and cores from the server. */
const MOST_SESSIONS = 4;

/** How many sessions so many items are shared out to. */
function sessionsWorth(database: Database, items: number): number {
  return Math.max(1, Math.min(MOST_SESSIONS, database.sessions, Math.ceil(items / ITEMS_A_SESSION)));
}

/** Signs in, beside one that is in use, those that {@link shareOut} will use; what is not granted will be no loss then. */
export async function signInFor(database: Database, items: number): Promise<void> {
  const others = Array.from({ length: sessionsWorth(database, items) - 1 }, () => database.withClient(async () => {}));
  await Promise.allSettled(others);
}

/**
 * Looks something up of each item, in several sessions at once where the items are many: what it takes is the server's time, and
 * a session has one of its cores. Returns what `look` found, in the items' order.
 *
 * @param database lends the sessions beside the client's
 */
export async function shareOut<Item, Found>(
  database: Database,
  client: pg.ClientBase,
  items: readonly Item[],
  look: (client: pg.ClientBase, part: readonly Item[]) => Promise<readonly Found[]>,
): Promise<readonly Found[]> {
  const sessions = sessionsWorth(database, items.length);
  if (sessions <= 1) return look(client, items);
  const size = Math.ceil(items.length / sessions);
  const parts = Array.from({ length: sessions }, (_, index) => items.slice(index * size, (index + 1) * size));
  // Undefined where it could not be done elsewhere: a session that the server did not grant is no loss, and what went wrong
  // otherwise goes wrong again in the session that is there, and is told.
  const elsewhere = (part: readonly Item[]) => database.withClient((other) => look(other, part)).catch(() => undefined);
  const found = await Promise.all(parts.map((part, index) => (index === 0 ? look(client, part) : elsewhere(part))));
  const whole: (readonly Found[])[] = [];
  for (const [index, part] of parts.entries()) whole.push(found[index] ?? (await look(client, part)));
  return whole.flat();
}
