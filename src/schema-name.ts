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
  if (schema === "$user") return "stands for the role's own schema in a search path, quoted or not. Choose another.";
  if (schema === "information_schema") return "is PostgreSQL's own. Choose another.";
  const bytes = Buffer.byteLength(schema, "utf8");
  if (bytes > MAX_BYTES) return `is ${bytes} bytes long; PostgreSQL keeps ${MAX_BYTES}. Shorten it.`;
  return undefined;
}

/** True for a pattern over existing schemas: `tenant_*`. */
export function isPattern(name: string): boolean {
  return name.includes("*");
}

/** True where a name fits one of the names and patterns; `*` stands for any characters, none among them. */
export function fitsAny(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    new RegExp(`^${pattern.split("*").map(RegExp.escape).join(".*")}$`, "s").test(name),
  );
}

/** Names told one by one; of more their number, and the first few. */
const MANY = 10;
const FIRST = 3;

/** Some schemas, for people: `dev, prod`; `997 schemas (tenant_1, tenant_2, tenant_3, …)`. */
export function schemaNames(names: readonly string[]): string {
  return names.length > MANY ? `${names.length} schemas (${names.slice(0, FIRST).join(", ")}, …)` : names.join(", ");
}

/** The same for a column of a table: `dev, prod`; `997 schemas (tenant_1, …)`. */
export function fewSchemaNames(names: readonly string[]): string {
  return names.length > FIRST ? `${names.length} schemas (${names[0]}, …)` : names.join(", ");
}
