import pg from "pg";

/** Quotes a name for SQL; `a"; drop schema prod; --` is just a name. */
export const quoteName = pg.escapeIdentifier;

/** Quotes text for SQL, or NULL. */
export function quoteText(text: string | undefined): string {
  return text === undefined ? "NULL" : pg.escapeLiteral(text);
}

/** Back to who signed in; it ends SET ROLE as well. */
export const RESET_ROLE = "RESET SESSION AUTHORIZATION";

/**
 * Makes the server notice within seconds that its client is gone, also in the middle of a statement: a lock must not outlive
 * its process (manual 19.3.2, client_connection_check_interval and tcp_keepalives). Not every server's system can.
 */
export const NOTICE_LOST_CLIENT =
  "DO $$ BEGIN" +
  " PERFORM pg_catalog.set_config('tcp_keepalives_idle', '10', false);" +
  " PERFORM pg_catalog.set_config('tcp_keepalives_interval', '5', false);" +
  " PERFORM pg_catalog.set_config('tcp_keepalives_count', '3', false);" +
  " PERFORM pg_catalog.set_config('client_connection_check_interval', '2000', false);" +
  " EXCEPTION WHEN invalid_parameter_value THEN NULL; END $$";

/** The same as statements, those that this server's system took: a `DO` each time would cost more than all of a reset. */
export const NOTICING =
  "SELECT coalesce(pg_catalog.string_agg(pg_catalog.format('SET %I TO %L', name, setting), '; '), '') FROM pg_catalog.pg_settings" +
  " WHERE source = 'session' AND (name LIKE 'tcp\\_keepalives\\_%' OR name = 'client_connection_check_interval')";

/**
 * What takes back everything a script can have set in its session, so that nothing leaks into the next step. DISCARD ALL
 * would do it in one word but would also let go of the schema's advisory lock.
 */
export const RESET_SESSION = [
  RESET_ROLE,
  "RESET ALL",
  "CLOSE ALL",
  "UNLISTEN *",
  "DEALLOCATE ALL",
  "DISCARD SEQUENCES",
  "DISCARD TEMP",
].join("; ");
