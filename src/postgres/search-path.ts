import type { Problem } from "../problem.ts";
import type { Database } from "./database.ts";

/**
 * Schemas that a search path names and the database lacks: PostgreSQL passes over them without a word (manual 5.10.3). Something may
 * still make them before a script looks there.
 */
export async function missingInPath(database: Database, searchPath: readonly string[]): Promise<readonly Problem[]> {
  if (searchPath.length === 0) return [];
  return database.withClient(async (client) => {
    const { rows } = await client.query<{ schema: string }>(
      "SELECT name AS schema FROM unnest($1::text[]) WITH ORDINALITY AS w (name, place)" +
        " WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = name) ORDER BY place",
      [searchPath],
    );
    return rows.map(({ schema }) => ({ code: "path-schema", schema }));
  });
}
