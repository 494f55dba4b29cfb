import pg from "pg";
import { Refusal } from "../problem.ts";
import { messageOf, serverError } from "./connection.ts";
import { ADMIN_SHUTDOWN, endsSession } from "./sqlstate.ts";

/**
 * Whatever went wrong in a schema's session as a refusal, so that one schema's trouble never hides what became of the
 * others. Mistakes in our own code stay what they are and are thrown on.
 */
export function refusalOf(error: unknown, schema: string): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof pg.DatabaseError) {
    if (!endsSession(error.code)) {
      return new Refusal([{ code: "server-error", doing: `to work on schema "${schema}"`, error: serverError(error) }]);
    }
    const byAdmin = error.code === ADMIN_SHUTDOWN;
    return new Refusal([{ code: "connection-lost", schema, detail: error.message, byAdmin }]);
  }
  // node-postgres tells of a lost connection with a plain Error; ours and the language's own have classes of their own.
  if (!(error instanceof Error) || error.constructor !== Error) throw error;
  return new Refusal([{ code: "connection-lost", schema, detail: messageOf(error), byAdmin: false }]);
}
