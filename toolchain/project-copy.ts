import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "./install/layout.ts";

const COPIED = ["Pulumi.yaml", "index.ts", "migrations", "package.json", "src", "tsconfig.json"];

/** The schemas of a stack; or its config by key. */
export type StackConfig = readonly string[] | Readonly<Record<string, unknown>>;

/**
 * Copies the project into an empty folder, sharing node_modules, with one config file for each stack: what a demo or a
 * test changes is not the user's, and the user's own config, which may name a real database, is never taken.
 *
 * @param stacks the schemas of each stack, or its whole config, by its name
 */
export function copyProject(folder: string, stacks: Readonly<Record<string, StackConfig>>): void {
  mkdirSync(folder, { recursive: true });
  for (const name of COPIED) cpSync(join(projectFolder, name), join(folder, name), { recursive: true });
  symlinkSync(join(projectFolder, "node_modules"), join(folder, "node_modules"), "junction");
  for (const [stack, given] of Object.entries(stacks)) {
    const values = Object.entries(Array.isArray(given) ? { schemas: given } : given);
    const config = Object.fromEntries(values.map(([key, value]) => [`schema-migrations:${key}`, value]));
    // JSON is YAML; names with any character in them stay what they are.
    writeFileSync(join(folder, `Pulumi.${stack}.yaml`), `${JSON.stringify({ config })}\n`);
  }
}
