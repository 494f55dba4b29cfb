import type { Problem } from "../problem.ts";
import { schemaChange } from "../script/schema-change.ts";
import { type Plan, scriptsThatRun } from "./plan.ts";

/**
 * Statements that would make, drop or rename a schema which the plans migrate: the one that they run for, or another one of its fleet.
 * It is there before its first step.
 */
export function takesMigrated(plans: readonly Plan[]): readonly Problem[] {
  const migrated = new Set(plans.map(({ schema }) => schema));
  return scriptsThatRun(plans).flatMap(({ file, statements }) =>
    statements.flatMap(({ node, line, sql: text }): readonly Problem[] => {
      const { does, schemas = [], guarded } = schemaChange(node) ?? {};
      if (!does || (does === "makes" && guarded)) return [];
      return schemas
        .filter((schema) => migrated.has(schema))
        .map((schema) => ({ code: "takes-schema", file, line, names: schema, text, does }));
    }),
  );
}
