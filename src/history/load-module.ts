import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { z } from "zod";
import type { Problem } from "../problem.ts";
import type { Migration } from "./migration.ts";
import { normalise } from "./revision.ts";

/** A migration in TypeScript, loaded. */
export interface LoadedModule {
  /** The file's text, for the checksum. */
  readonly source: string;
  readonly up: Migration;
  readonly down?: Migration | undefined;
  readonly transaction: boolean;
}

const callable = z.custom<Migration>((value) => typeof value === "function", "is a function (client, schema)");

const Exports = z.object({
  up: callable,
  down: callable.optional(),
  transaction: z.boolean("is true or false").default(true),
});

const require = createRequire(import.meta.url);

/** Loads a migration in TypeScript; Node strips its types. Undefined, with a problem, where it is not one. */
export function loadModule(file: string, problems: Problem[]): LoadedModule | undefined {
  try {
    const parsed = Exports.safeParse({ ...require(resolve(file)) });
    if (parsed.success) return { ...parsed.data, source: normalise(readFileSync(file, "utf8")) };
    const detail = parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`).join("; ");
    problems.push({ code: "bad-module", file, detail });
  } catch (error) {
    problems.push({ code: "bad-module", file, detail: error instanceof Error ? error.message : String(error) });
  }
  return undefined;
}
