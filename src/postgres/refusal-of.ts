import pg from "pg";
import { Refusal } from "../problem.ts";
import { messageOf, serverError } from "./connection.ts";
import { endsSession, isByAdmin } from "./sqlstate.ts";

/**
 * Whatever went wrong in a schema's session as a refusal, so that one schema's trouble never hides what became of the
 * others. Mistakes in our own code stay what they are and are thrown on.
 */
export function refusalOf(error: unknown, schema: string): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof pg.DatabaseError) {
    if (!endsSession(error)) {
      return new Refusal([{ code: "server-error", doing: `to work on schema "${schema}"`, error: serverError(error) }]);
    }
    return new Refusal([{ code: "connection-lost", schema, detail: error.message, byAdmin: isByAdmin(error) }]);
  }
  if (!(error instanceof Error) || !isConnectionError(error)) throw error;
  return new Refusal([{ code: "connection-lost", schema, detail: messageOf(error), byAdmin: false }]);
}

/** Node's own errors of a socket have a system call; node-postgres and the watch have none, but words of their own. */
function isConnectionError(error: Error): boolean {
  return (
    "syscall" in error ||
    /^(Connection terminated|Client has encountered|the server stopped|the connection fell silent|Query read timeout)/.test(
      error.message,
    )
  );
}
