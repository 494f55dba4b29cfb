import type { TestDatabase } from "../../support/database.ts";

/** `tenant_0001` to `tenant_0120`. */
export function tenants(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `tenant_${String(index + 1).padStart(4, "0")}`);
}

/** A fleet's query that finds the same without a table. */
export function tenantsQuery(count: number): string {
  return `select 'tenant_' || lpad(n::text, 4, '0') from generate_series(1, ${count}) as n`;
}

/** Three revisions, each with its way back. */
export const MIGRATIONS: Readonly<Record<string, string>> = {
  "0001_users.up.sql": "CREATE TABLE users (id int PRIMARY KEY, email text);\n",
  "0001_users.down.sql": "DROP TABLE users;\n",
  "0002_cpf.up.sql": "ALTER TABLE users ADD COLUMN cpf text;\n",
  "0002_cpf.down.sql": "ALTER TABLE users DROP COLUMN cpf;\n",
  "0003_invoices.up.sql": "CREATE TABLE invoices (id int PRIMARY KEY);\nALTER TABLE users ADD COLUMN plan text;\n",
  "0003_invoices.down.sql": "ALTER TABLE users DROP COLUMN plan;\nDROP TABLE invoices;\n",
};

/** The database's own clock. */
export async function now({ query }: TestDatabase): Promise<Date> {
  const [row] = await query<{ at: Date }>("SELECT clock_timestamp() AS at");
  if (!row) throw new Error("the server knows no time");
  return row.at;
}

/** Schemas in which something ran since then, with what ran last: `tenant_0001 0003_invoices up done`. */
export async function ranSince({ query }: TestDatabase, since: Date): Promise<readonly string[]> {
  const ledgers = await query<{ schema: string }>(
    "SELECT schemaname AS schema FROM pg_tables WHERE tablename = 'migration_ledger' ORDER BY 1",
  );
  const each = ledgers.map(
    ({ schema }) =>
      `(SELECT concat_ws(' ', '${schema}', revision, direction, outcome) AS ran
          FROM ${schema}.migration_ledger WHERE at >= $1 ORDER BY entry DESC LIMIT 1)`,
  );
  const rows = each.length === 0 ? [] : await query<{ ran: string }>(each.join(" UNION ALL "), [since]);
  return rows.map(({ ran }) => ran).sort();
}

/** The times in a command's output, which differ from run to run, as `TIME`. */
export function withoutTimes(output: string): string {
  return output
    .replaceAll(/\d+ ms|\d+\.\d s/g, "TIME")
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d( to (\d{4}-\d\d-\d\d )?\d\d:\d\d)? \S+@\S+:/g, "WHEN WHO:");
}
