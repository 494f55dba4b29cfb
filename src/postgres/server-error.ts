import pg from "pg";
import type { Problem, ServerError } from "../problem.ts";
import { type Connection, serverName } from "./connection.ts";
import {
  endsSession,
  INVALID_AUTHORIZATION,
  INVALID_CATALOG_NAME,
  INVALID_PASSWORD,
  TOO_MANY_CONNECTIONS,
} from "./sqlstate.ts";

/** Why nobody could sign in. */
export function connectProblem(error: unknown, connection: Connection): Problem {
  const server = serverName(connection);
  if (error instanceof pg.DatabaseError) {
    const detail = error.message;
    // Starting, shutting down, or killed while we signed in.
    if (endsSession(error)) return { code: "unreachable", server, detail };
    switch (error.code) {
      case INVALID_PASSWORD:
      case INVALID_AUTHORIZATION:
        return { code: "sign-in-refused", server, user: connection.user, detail };
      case INVALID_CATALOG_NAME:
        return { code: "database-missing", server, database: connection.database };
      case TOO_MANY_CONNECTIONS:
        return { code: "no-session", server, detail };
      default:
        return { code: "server-error", doing: `signing in to ${server}`, error: serverError(error) };
    }
  }
  const detail = messageOf(error);
  // node-postgres has no code for this one; it is its own text, not the server's.
  if (detail === "The server does not support SSL connections") return { code: "no-tls", server };
  if (detail.startsWith("SASL:")) {
    return {
      code: "sign-in-refused",
      server,
      user: connection.user,
      detail: "it wants a password, and none was given",
    };
  }
  return { code: "unreachable", server, detail };
}

/** What PostgreSQL said, without the fields that nobody reads. */
export function serverError(error: pg.DatabaseError): ServerError {
  const { code = "", message, detail, hint, where } = error;
  return { sqlstate: code, message, detail, hint, where };
}

/** An error's text; Node keeps the attempts at several addresses of one host in an AggregateError without a message. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(messageOf))].join("; ");
  return error instanceof Error ? error.message : String(error);
}
