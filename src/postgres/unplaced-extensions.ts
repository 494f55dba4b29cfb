import type pg from "pg";
import type { NewExtension } from "../plan/new-extensions.ts";
import type { Problem } from "../problem.ts";

/**
 * Of extensions without a schema, those that would really be made. Those that are there stay where they are; some say themselves
 * where they belong. Asked only where there are any.
 */
export async function unplacedExtensions(
  client: pg.ClientBase,
  extensions: readonly NewExtension[],
): Promise<readonly Problem[]> {
  if (extensions.length === 0) return [];
  const { rows } = await client.query<{ name: string; pinned: boolean }>(
    "SELECT extname AS name, false AS pinned FROM pg_catalog.pg_extension WHERE extname = ANY ($1)" +
      " UNION SELECT name, true FROM pg_catalog.pg_available_extension_versions WHERE name = ANY ($1) AND schema IS NOT NULL",
    [extensions.map(({ name }) => name)],
  );
  return extensions
    .filter(({ name, dropped }) => !rows.some((row) => row.name === name && (row.pinned || !dropped)))
    .map(({ problem }) => problem);
}
