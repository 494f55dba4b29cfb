import { quoteName } from "../postgres/session.ts";
import { Refusal } from "../problem.ts";
import { parseScript, type Statement } from "../script/parse-script.ts";

/**
 * What pg_dump wrote of one schema, as a script for any schema: it runs under a search path that begins with it.
 *
 * @param schema a name that stands nowhere else in the dump
 * @param searchPath what followed it in the search path
 * @param user whose default privileges are those of whoever runs the script
 * @throws Refusal snapshot-refused where a statement names the schema itself
 */
export function relativeScript(dump: string, schema: string, searchPath: readonly string[], user: string): string {
  const { statements } = parseScript({ file: "pg_dump", sql: dump });
  const ownPath = `SET search_path TO ${[schema, ...searchPath].map((name) => `'${name.replaceAll("'", "''")}'`).join(", ")}`;
  const relative = statements.filter(isStructure).map(({ sql, node }) => {
    const text = sql.replaceAll(`${schema}.`, "").replaceAll(ownPath, "SET search_path FROM CURRENT");
    return "AlterDefaultPrivilegesStmt" in node ? inCurrentSchema(text, schema, user) : text;
  });
  const named = relative.filter((text) => text.includes(schema));
  if (named.length > 0) {
    const what = named.map((text) => text.replaceAll(schema, "SCHEMA"));
    throw new Refusal([{ code: "snapshot-refused", why: "named", what }]);
  }
  // Bodies of functions may come before the tables they use.
  return ["SET LOCAL check_function_bodies TO off", ...relative].map((text) => `${text};\n`).join("\n");
}

/** All but the settings of pg_dump's session and the schema itself. */
function isStructure({ node }: Statement): boolean {
  return !("VariableSetStmt" in node || "SelectStmt" in node || "CreateSchemaStmt" in node);
}

/** Default privileges have no form that goes by the search path. */
function inCurrentSchema(text: string, schema: string, user: string): string {
  // pg_dump quotes only what has to be.
  const own = text
    .replace(`FOR ROLE ${user} `, "")
    .replace(`FOR ROLE ${quoteName(user)} `, "")
    .replace(` IN SCHEMA ${schema} `, " IN SCHEMA %I ");
  return `DO $do$ BEGIN EXECUTE pg_catalog.format($ddl$${own}$ddl$, current_schema()); END $do$`;
}
