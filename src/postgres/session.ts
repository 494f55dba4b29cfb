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
 * What holds in our sessions outside of scripts. The server notices within seconds that its client is gone, also in the middle of a
 * statement: a lock must not outlive its process (manual 19.3.2, client_connection_check_interval and tcp_keepalives; not every
 * server's system can). And what is ours alone, a look at a ledger say, does not wait for a table as long as its holder likes.
 */
export const SET_OWN_SETTINGS =
  "DO $$ BEGIN BEGIN" +
  " PERFORM pg_catalog.set_config('tcp_keepalives_idle', '10', false);" +
  " PERFORM pg_catalog.set_config('tcp_keepalives_interval', '5', false);" +
  " PERFORM pg_catalog.set_config('tcp_keepalives_count', '3', false);" +
  " PERFORM pg_catalog.set_config('client_connection_check_interval', '2000', false);" +
  " EXCEPTION WHEN invalid_parameter_value THEN NULL; END;" +
  // From 17 on. A role's own would end the session in the middle of a script, which then looks like a lost connection.
  " BEGIN PERFORM pg_catalog.set_config('transaction_timeout', '0', false); EXCEPTION WHEN undefined_object THEN NULL; END;" +
  // While a step gives way to others, its session is idle. Only where it is set: each reset has to say it again.
  " IF current_setting('idle_session_timeout') <> '0' THEN PERFORM pg_catalog.set_config('idle_session_timeout', '0', false); END IF;" +
  " PERFORM pg_catalog.set_config('lock_timeout', '5000', false); END $$";

/** The same as statements, those that this server's system took: a `DO` each time would cost more than all of a reset. */
export const OWN_SETTINGS =
  "SELECT coalesce(pg_catalog.string_agg(pg_catalog.format('SET %I TO %L', name, setting), '; '), '') FROM pg_catalog.pg_settings" +
  " WHERE source = 'session' AND (name LIKE 'tcp\\_keepalives\\_%' OR name IN ('client_connection_check_interval', 'transaction_timeout', 'idle_session_timeout', 'lock_timeout'))";

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
