import type { Problem } from "./problem.ts";

/** PostgreSQL cuts longer names silently (manual 4.1.1); two tenants' roles could become one. */
const MAX_BYTES = 63;

/** Names that no role can have, quoted or not (manual, CREATE ROLE: they mean something else in GRANT and SET ROLE). */
const RESERVED: ReadonlySet<string> = new Set(["public", "none"]);

/** A schema's role by its name in the config, where `{schema}` stands for the schema's own: `{schema}_owner`. */
export function roleOf(name: string, schema: string): string {
  return name.replaceAll("{schema}", () => schema);
}

/** Those of the roles that are the same for every schema. */
export function sharedRoles({ owner }: { readonly owner?: string | undefined }): { readonly owner?: string } {
  return owner === undefined || owner.includes("{schema}") ? {} : { owner };
}

/** The owner and the application role of one schema. */
export interface SchemaRoles {
  readonly schema: string;
  readonly owner?: string | undefined;
  readonly app?: string | undefined;
}

/** The roles of each schema. */
export function rolesOf(
  schemas: readonly string[],
  { owner, app }: { readonly owner?: string | undefined; readonly app?: string | undefined },
): readonly SchemaRoles[] {
  return schemas.map((schema) => ({
    schema,
    ...(owner !== undefined && { owner: roleOf(owner, schema) }),
    ...(app !== undefined && { app: roleOf(app, schema) }),
  }));
}

/** Whether a role can have this name. Any character but NUL is fine: names are always quoted. */
export function roleNameProblem(key: string, role: string): readonly Problem[] {
  const why = objection(role);
  return why === undefined ? [] : [{ code: "role-name", key, role, why }];
}

function objection(role: string): string | undefined {
  if (role === "") return "a name cannot be empty.";
  if (role.includes("\0")) return "a name cannot hold a NUL character.";
  if (role.startsWith("pg_")) return "names that begin with pg_ are PostgreSQL's own. Choose another.";
  if (RESERVED.has(role)) return "is PostgreSQL's own. Choose another.";
  const bytes = Buffer.byteLength(role, "utf8");
  if (bytes > MAX_BYTES) return `is ${bytes} bytes long; PostgreSQL keeps ${MAX_BYTES}. Shorten it.`;
  return undefined;
}
