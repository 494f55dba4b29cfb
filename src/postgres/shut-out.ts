import type pg from "pg";
import type { SchemaRight } from "../problem.ts";
import type { SchemaRoles } from "../role-name.ts";

/** What an owner lacks in a schema that was there before it. */
export interface ShutOut {
  readonly schema: string;
  readonly role: string;
  readonly lacks: readonly SchemaRight[];
  /** False where the role does not exist yet. */
  readonly exists: boolean;
  /** True where who signs in may grant what it lacks. */
  readonly mayGrant: boolean;
  readonly user: string;
  /** Whose schema it is. */
  readonly holder: string;
}

/**
 * The schemas that their owners may not use, which PostgreSQL would pass over in the search path (manual 5.10.3), or not create in,
 * which nothing can be handed over to. Those that do not exist are made for their owners.
 */
export async function findShutOut(client: pg.ClientBase, roles: readonly SchemaRoles[]): Promise<readonly ShutOut[]> {
  const { rows } = await client.query<ShutOut>(
    `SELECT w.schema, w.owner AS role, array_agg(p.right ORDER BY p.right DESC) AS lacks, r.oid IS NOT NULL AS exists,
            bool_and(pg_catalog.has_schema_privilege(n.oid, p.right || ' WITH GRANT OPTION')) AS "mayGrant",
            current_user AS user, pg_catalog.pg_get_userbyid(n.nspowner) AS holder
       FROM unnest($1::text[], $2::text[]) AS w (schema, owner)
       JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
       LEFT JOIN pg_catalog.pg_roles r ON r.rolname = w.owner
       CROSS JOIN (VALUES ('USAGE'), ('CREATE')) AS p ("right")
      WHERE w.owner IS NOT NULL AND NOT coalesce(pg_catalog.has_schema_privilege(r.oid, n.oid, p.right), false)
      GROUP BY w.schema, w.owner, r.oid, n.nspowner ORDER BY w.schema`,
    [roles.map(({ schema }) => schema), roles.map(({ owner }) => owner ?? null)],
  );
  return rows;
}
