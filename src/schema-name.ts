import type { Problem } from "./problem.ts";

/** PostgreSQL cuts longer names silently (manual 4.1.1); two tenants could become one. */
const MAX_BYTES = 63;

/** Whether a schema of this name can be owned. Any character but NUL is fine: names are always quoted. */
export function schemaNameProblem(schema: string): readonly Problem[] {
  const why = objection(schema);
  return why === undefined ? [] : [{ code: "schema-name", schema, why }];
}

function objection(schema: string): string | undefined {
  if (schema === "") return "a name cannot be empty.";
  if (schema.includes("\0")) return "a name cannot hold a NUL character.";
  if (schema.startsWith("pg_")) return "names that begin with pg_ are PostgreSQL's own. Choose another.";
  if (schema === "information_schema") return "is PostgreSQL's own. Choose another.";
  const bytes = Buffer.byteLength(schema, "utf8");
  if (bytes > MAX_BYTES) return `is ${bytes} bytes long; PostgreSQL keeps ${MAX_BYTES}. Shorten it.`;
  return undefined;
}
