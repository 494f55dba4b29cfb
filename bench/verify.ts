import type { Connection } from "../src/postgres/connection.ts";
import type { BenchMigration } from "./migrations.ts";
import { withClient } from "./server.ts";

/** The tables in which the tools keep their own record, which are not the migrations' work. */
const RECORDS = ["migration_ledger", "alembic_version", "schema_migrations", "umzug_migration"];

/** A schema for comparison. Made by running the scripts one after the other. */
const REFERENCE = "bench_reference";

/**
 * Refuses a result whose schemas do not hold exactly the first `position` migrations: a tool that was fast because it did
 * less is not fast.
 */
export async function verify(
  connection: Connection,
  schemas: readonly string[],
  migrations: readonly BenchMigration[],
  position: number,
): Promise<void> {
  await withClient(connection, async (client) => {
    await client.query("BEGIN");
    await client.query(`CREATE SCHEMA ${REFERENCE}; SET LOCAL search_path TO ${REFERENCE}`);
    for (const { up } of migrations.slice(0, position)) await client.query(up);
    const { rows } = await client.query<{ schema: string; structure: string }>(STRUCTURE, [
      [...schemas, REFERENCE],
      RECORDS,
    ]);
    await client.query("ROLLBACK");
    const structures = new Map(rows.map(({ schema, structure }) => [schema, structure]));
    const wrong = schemas.filter((schema) => structures.get(schema) !== structures.get(REFERENCE));
    if (wrong.length > 0) {
      throw new Error(`${wrong.length} of ${schemas.length} schemas are not at migration ${position}: ${wrong[0]}, …`);
    }
  });
}

/** Columns, constraints, indexes and views of each schema as one text, without the schema's own name. */
const STRUCTURE = `
WITH own AS (
  SELECT c.oid, n.nspname AS schema, c.relname, c.relkind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY ($1) AND NOT c.relname = ANY ($2)
     AND NOT EXISTS (SELECT FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
                      WHERE i.indexrelid = c.oid AND t.relname = ANY ($2))
     AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
                      WHERE d.objid = c.oid AND c.relkind = 'S' AND t.relname = ANY ($2))
), facts AS (
  SELECT schema, format('%s %s', relkind, relname) AS fact FROM own
  UNION ALL
  SELECT schema, format('%s.%s %s %s', relname, attname, atttypid::regtype, attnotnull)
    FROM own JOIN pg_attribute ON attrelid = own.oid AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT schema, format('%s %s %s', relname, conname, contype) FROM own JOIN pg_constraint ON conrelid = own.oid
)
SELECT n.nspname AS schema, coalesce(md5(string_agg(fact, E'\\n' ORDER BY fact)), '') AS structure
  FROM pg_namespace n LEFT JOIN facts ON facts.schema = n.nspname
 WHERE n.nspname = ANY ($1) GROUP BY n.nspname`;
