import type { TestDatabase } from "./database.ts";

/** Everything that a write could leave behind: objects with their ids, and how many rows were ever written. */
export async function catalogSnapshot({ query }: TestDatabase): Promise<unknown> {
  return {
    schemas: await query("SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY oid"),
    relations: await query("SELECT oid, relname, relnamespace FROM pg_class WHERE oid >= 16384 ORDER BY oid"),
    types: await query("SELECT oid, typname FROM pg_type WHERE oid >= 16384 ORDER BY oid"),
    functions: await query("SELECT oid, proname FROM pg_proc WHERE oid >= 16384 ORDER BY oid"),
    rows: await query("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) AS written FROM pg_stat_user_tables"),
  };
}
