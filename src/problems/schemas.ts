import { list } from "./wording.ts";

/** What can be wrong with the choice of schemas. */
export type SchemasProblem =
  | { readonly code: "schema-name"; readonly schema: string; readonly why: string }
  | { readonly code: "owned-twice"; readonly schemas: readonly string[]; readonly fleets: readonly string[] }
  | {
      readonly code: "still-owned";
      readonly kind: "schema" | "role";
      readonly name: string;
      /** Who owns it by the config as it is now. */
      readonly fleet: string;
    }
  | {
      readonly code: "left-behind";
      readonly name: string;
      /** Where the schema is. */
      readonly database: string;
      readonly fleet: string;
      /** Where its fleet is, by the config as it is now. */
      readonly now: string;
    }
  | { readonly code: "schemas-query"; readonly got: string }
  | { readonly code: "path-schema"; readonly schema: string };

/** The words of a {@link SchemasProblem}. */
export function schemasText(problem: SchemasProblem): string {
  switch (problem.code) {
    case "schema-name":
      return `Schema name "${problem.schema}": ${problem.why}`;
    case "owned-twice":
      return (
        `${problem.schemas.length === 1 ? "Schema" : "Schemas"} ${list(problem.schemas)} would be owned by ${list(problem.fleets)}, each with ` +
        "its own target. Leave them to one: pulumi config set --path 'fleets.FLEET.exclude[0]' SCHEMA."
      );
    case "still-owned":
      return (
        `${problem.kind === "schema" ? "Schema" : "Role"} "${problem.name}" would be dropped, though "${problem.fleet}" goes on owning it: it ` +
        "was declared with onDestroy: drop, and is no more. Put back what you changed, set onDestroy to retain and run pulumi up, " +
        "which lets go of it; then change it."
      );
    case "left-behind":
      return (
        `Schema "${problem.name}" of database "${problem.database}" would be dropped, since "${problem.fleet}" is now at ${problem.now}: ` +
        "it was declared with onDestroy: drop, and a change of the connection drops nothing. Put the connection back; to leave the " +
        "schema behind as it is, then set onDestroy to retain and run pulumi up, which lets go of it, before you change the connection."
      );
    case "schemas-query":
      return (
        `schemasQuery gave ${problem.got} where a schema's name should be. It wants one row a schema, the name in the first column as text: ` +
        "select schema_name from public.tenants where active."
      );
    case "path-schema":
      return `config "searchPath": there is no schema "${problem.schema}", so that scripts find nothing there.`;
  }
}
