import type { Problem } from "../problem.ts";
import type { Database } from "./database.ts";

/** That who signs in may not create these missing schemas. Something may still grant it, or create them, before their turn. */
export async function mayNotCreate(database: Database, schemas: readonly string[]): Promise<readonly Problem[]> {
  if (schemas.length === 0) return [];
  return database.withClient(async (client) => {
    const { rows } = await client.query<{ user: string; database: string; may: boolean }>(
      "SELECT current_user AS user, current_database() AS database," +
        " pg_catalog.has_database_privilege(current_database(), 'CREATE') AS may",
    );
    return rows.flatMap(({ may, ...who }) => (may ? [] : [{ code: "no-create" as const, ...who, schemas }]));
  });
}
