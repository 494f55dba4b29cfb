import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse as parseToml } from "smol-toml";
import { z } from "zod";
import { type Problem, refuseIfAny } from "../problem.ts";
import { checksum, type History, normalise, parseStem, type Revision, type Script } from "./revision.ts";

/**
 * Reads a migrations folder, in golang-migrate's layout (`NNNN_name.up.sql`, `NNNN_name.down.sql`), diesel's (a folder
 * `NNNN_name` with `up.sql` and `down.sql`) or both mixed. The number pairs up and down, the up names the revision.
 * Hidden files and files that are not SQL are left alone.
 *
 * @param folder relative to the working directory, which Pulumi makes the project's
 * @throws Refusal with every problem of the folder: missing, a name without a number, two scripts of one number
 */
export function readHistory(folder: string): History {
  const problems: Problem[] = [];
  const found = new Map<bigint, Found>();
  for (const entry of readFolder(folder)) {
    for (const script of scriptsOf(folder, entry, problems)) {
      const parsed = parseStem(script.stem);
      if (!parsed) {
        problems.push({ code: "unnumbered", file: script.file });
        continue;
      }
      const revision = found.get(parsed.number) ?? { up: [], down: [] };
      revision[script.direction].push(script);
      found.set(parsed.number, revision);
    }
  }
  const history = [...found].map(([number, scripts]) => toRevision(number, scripts, problems));
  refuseIfAny(problems);
  return history.sort((a, b) => (a.number < b.number ? -1 : 1));
}

interface FoundScript extends Script {
  readonly stem: string;
  readonly direction: "up" | "down";
  readonly transaction: boolean;
}

interface Found {
  readonly up: FoundScript[];
  readonly down: FoundScript[];
}

function readFolder(folder: string): readonly Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => !entry.name.startsWith(".")).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (isMissing(error)) refuseIfAny([{ code: "folder-missing", folder }]);
    throw error;
  }
}

function scriptsOf(folder: string, entry: Dirent, problems: Problem[]): readonly FoundScript[] {
  return entry.isDirectory() ? revisionFolder(folder, entry.name, problems) : flatScript(folder, entry.name, problems);
}

function flatScript(folder: string, name: string, problems: Problem[]): readonly FoundScript[] {
  if (!name.endsWith(".sql")) return [];
  const file = join(folder, name);
  const match = /^(.*)\.(up|down)\.sql$/s.exec(name);
  if (!match) {
    problems.push({ code: "unknown-direction", file });
    return [];
  }
  const direction = match[2] === "up" ? "up" : "down";
  return [{ stem: match[1] ?? "", direction, file, sql: readScript(file), transaction: true }];
}

function revisionFolder(folder: string, name: string, problems: Problem[]): readonly FoundScript[] {
  const path = join(folder, name);
  const files = new Set(readdirSync(path));
  const transaction = !files.has("metadata.toml") || readTransaction(join(path, "metadata.toml"), problems);
  return (["up", "down"] as const)
    .filter((direction) => files.has(`${direction}.sql`))
    .map((direction) => {
      const file = join(path, `${direction}.sql`);
      return { stem: name, direction, file, sql: readScript(file), transaction };
    });
}

const Metadata = z.object({ run_in_transaction: z.boolean().default(true) });

function readTransaction(file: string, problems: Problem[]): boolean {
  try {
    return Metadata.parse(parseToml(readFileSync(file, "utf8"))).run_in_transaction;
  } catch (error) {
    const detail = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    problems.push({ code: "bad-metadata", file, detail });
    return true;
  }
}

function toRevision(number: bigint, found: Found, problems: Problem[]): Revision {
  for (const scripts of [found.up, found.down]) {
    if (scripts.length > 1) {
      problems.push({ code: "duplicate-number", number: `${number}`, files: scripts.map((script) => script.file) });
    }
  }
  const [up, down] = [found.up[0], found.down[0]];
  const id = up?.stem ?? down?.stem ?? "";
  return {
    id,
    number,
    name: parseStem(id)?.name ?? "",
    checksum: checksum(up?.sql ?? ""),
    ...(up && { up: { file: up.file, sql: up.sql } }),
    ...(down && { down: { file: down.file, sql: down.sql } }),
    transaction: up?.transaction ?? down?.transaction ?? true,
  };
}

function readScript(file: string): string {
  return normalise(readFileSync(file, "utf8"));
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
