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
