import type { TestDatabase } from "./database.ts";
import { standingRows } from "./ledger.ts";

/** Relations, with columns, of one schema without the migrations' own tables: `table a`, `column a.id integer`. */
export async function objectsOf({ query }: TestDatabase, schema: string): Promise<readonly string[]> {
  const rows = await query<{ object: string }>(
    `SELECT * FROM (
       SELECT CASE c.relkind WHEN 'r' THEN 'table ' WHEN 'v' THEN 'view ' WHEN 'S' THEN 'sequence ' ELSE 'index ' END
              || c.relname || CASE WHEN i.indisvalid THEN '' WHEN i.indexrelid IS NULL THEN '' ELSE ' (invalid)' END AS object
         FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
        WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'v', 'S', 'i')
       UNION ALL
       SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
       UNION ALL
       SELECT 'type ' || typname FROM pg_type WHERE typnamespace = $1::regnamespace AND typtype IN ('e', 'd')
       UNION ALL
       SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = $1::regnamespace
     ) AS found WHERE object !~ 'migration_ledger' ORDER BY object COLLATE "C"`,
    [`"${schema.replaceAll('"', '""')}"`],
  );
  return rows.map((row) => row.object);
}

/** Every row of the catalog and who wrote it (xmin), for comparing before and after: any write at all shows. */
export async function everyCatalogRow({ query }: TestDatabase): Promise<readonly string[]> {
  const tables = ["pg_namespace", "pg_class", "pg_attribute", "pg_proc", "pg_type", "pg_constraint", "pg_index"];
  const parts = tables.map(
    (table) => `SELECT '${table} ' || t.ctid || ' ' || t.xmin AS row FROM pg_catalog.${table} t`,
  );
  const rows = await query<{ row: string }>(`${parts.join(" UNION ALL ")} ORDER BY row`);
  return rows.map(({ row }) => row);
}

/** What a ledger says is applied, row by row: `1 0001_a applied`. */
export async function ledgerRows(database: TestDatabase, schema: string): Promise<readonly string[]> {
  const rows = await standingRows(database, schema);
  return rows.map(({ position, revision, state }) => `${position} ${revision} ${state}`);
}

/** What a ledger says has happened, entry by entry: `0001_a up done`, with the error where there was one. */
export async function events({ query }: TestDatabase, schema: string): Promise<readonly string[]> {
  const rows = await query<{ row: string }>(
    `SELECT concat_ws(' ', revision, direction, outcome, ': ' || error) AS row
       FROM "${schema.replaceAll('"', '""')}".migration_ledger ORDER BY entry`,
  );
  return rows.map(({ row }) => row);
}
