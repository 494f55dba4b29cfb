import type { TestDatabase } from "./database.ts";

/** Everything that a write could leave behind: objects with their ids, and every row with who wrote it and where it lies. */
export async function catalogSnapshot({ query }: TestDatabase): Promise<unknown> {
  return {
    schemas: await query("SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY oid"),
    relations: await query("SELECT oid, relname, relnamespace FROM pg_class WHERE oid >= 16384 ORDER BY oid"),
    types: await query("SELECT oid, typname FROM pg_type WHERE oid >= 16384 ORDER BY oid"),
    functions: await query("SELECT oid, proname FROM pg_proc WHERE oid >= 16384 ORDER BY oid"),
    // Not the server's statistics: sessions hand those in late.
    rows: await query(
      `SELECT c.oid, query_to_xml(format('SELECT ctid, xmin FROM %s ORDER BY ctid', c.oid::regclass), true, false, '')::text
         FROM pg_class c WHERE c.relkind = 'r' AND c.oid >= 16384 ORDER BY c.oid`,
    ),
  };
}
