import pg from "pg";
import type { Blocker } from "../problem.ts";
import type { Database } from "./database.ts";
import { endsSession } from "./sqlstate.ts";
import { withWatch } from "./watch.ts";

/** What came back for a message. */
export interface Answer<T> {
  readonly result: T | undefined;
  /** What went wrong; undefined where nothing did. */
  readonly error: unknown;
  /** The tags of the statements that completed, such as `COMMIT`, in their order. */
  readonly tags: readonly string[];
  /** The last session that was seen in the way. */
  readonly blocker: Blocker | undefined;
}

/** Sends a message under the watch. How far the server came is known also where it failed. */
export async function send<T>(database: Database, client: pg.ClientBase, query: () => Promise<T>): Promise<Answer<T>> {
  const tags: string[] = [];
  const note = ({ text }: { readonly text: string }) => void tags.push(text);
  const { connection } = client as pg.ClientBase & { readonly connection: NodeJS.EventEmitter };
  connection.on("commandComplete", note);
  const { result: answer, blocker } = await withWatch(database, client, () =>
    query().then(
      (result) => ({ result, error: undefined }),
      (reason: unknown) => ({ result: undefined, error: reason ?? new Error("no reason given") }),
    ),
  );
  connection.off("commandComplete", note);
  return { ...answer, tags, blocker };
}

/**
 * Leaves the failed transaction; false where the session is gone.
 *
 * @param isCode code may throw whatever it likes; of SQL, only the server's own errors leave a session
 */
export async function rolledBack(client: pg.ClientBase, error: unknown, isCode = false): Promise<boolean> {
  if (!isCode && !(error instanceof pg.DatabaseError)) return false;
  if (error instanceof pg.DatabaseError && endsSession(error)) return false;
  try {
    await client.query("ROLLBACK");
    return true;
  } catch {
    return false;
  }
}
