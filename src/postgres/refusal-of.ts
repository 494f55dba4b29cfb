import pg from "pg";
import { Refusal } from "../problem.ts";
import { messageOf, serverError } from "./server-error.ts";
import { endsSession, isByAdmin } from "./sqlstate.ts";

/**
 * Whatever went wrong in a schema's session as a refusal, mistakes in our own code included: one schema's trouble never hides
 * what became of the others.
 */
export function refusalOf(error: unknown, schema: string): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof pg.DatabaseError) {
    if (!endsSession(error)) {
      return new Refusal([{ code: "server-error", doing: `to work on schema "${schema}"`, error: serverError(error) }]);
    }
    return new Refusal([{ code: "connection-lost", schema, detail: error.message, byAdmin: isByAdmin(error) }]);
  }
  if (error instanceof Error && isConnectionError(error)) {
    return new Refusal([{ code: "connection-lost", schema, detail: messageOf(error), byAdmin: false }]);
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Refusal([{ code: "unexpected", schema, detail }]);
}

/** Node's own errors of a socket have a system call, those of TLS a code; node-postgres and the watch have none, but words of their own. */
function isConnectionError(error: Error): boolean {
  return (
    "syscall" in error ||
    ("code" in error && String(error.code).startsWith("ERR_SSL")) ||
    /^(Connection terminated|Client has encountered|the server stopped|the connection fell silent|Query read timeout)/.test(
      error.message,
    )
  );
}
