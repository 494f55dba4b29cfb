import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Problem } from "../problem.ts";
import { frameIn, isNamed } from "./frame.ts";
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
  const module = required(file, problems);
  if (!module) return undefined;
  const parsed = Exports.safeParse(module);
  if (parsed.success) return { ...parsed.data, source: normalise(readFileSync(file, "utf8")) };
  const detail = parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`).join("; ");
  problems.push({ code: "bad-module", file, detail });
  return undefined;
}

function required(file: string, problems: Problem[]): object | undefined {
  try {
    return { ...require(resolve(file)) };
  } catch (error) {
    const [message, stack] = error instanceof Error ? [error.message, error.stack] : [String(error)];
    // Further lines are the way on which Node came to the file.
    const [detail = ""] = message.split("\n");
    problems.push({ code: "unloaded-module", file, detail, ...(marked(file, stack) ?? frameIn(file, stack)) });
    return undefined;
  }
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column?: number;
}

/** Where Node says that it cannot read the text: the stack begins with file and line, and a row of ^ stands below the very place. */
function marked(module: string, stack = ""): Place | undefined {
  const [, found = "", line] = /^(.*):(\d+)\n/.exec(stack) ?? [];
  if (line === undefined) return undefined;
  const before = /^(\s*)\^+$/m.exec(stack)?.[1];
  const path = found.startsWith("file:") ? fileURLToPath(found) : found;
  // It may be a file that the migration imports.
  const file = isNamed(module, path) ? module : relative(process.cwd(), path);
  return { file, line: Number(line), ...(before !== undefined && { column: before.length + 1 }) };
}
