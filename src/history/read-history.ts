import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parse as parseToml } from "smol-toml";
import { z } from "zod";
import { type Problem, refuseIfAny } from "../problem.ts";
import { loadModule } from "./load-module.ts";
import {
  checksum,
  type History,
  isOutOfGroups,
  normalise,
  parseStem,
  type Revision,
  type Script,
  withSeparator,
} from "./revision.ts";

/**
 * Reads a migrations folder, in golang-migrate's layout (`NNNN_name.up.sql`, `NNNN_name.down.sql`), diesel's (a folder
 * `NNNN_name` with `up.sql` and `down.sql`) or both mixed. The number pairs up and down, the up names the revision.
 * A migration in TypeScript is `NNNN_name.ts`. Hidden files, the snapshot and all others are left alone.
 *
 * @param folder relative to the working directory, which Pulumi makes the project's
 * @throws Refusal with every problem of the folder: missing, a name without a number, two scripts of one number, dates of
 * different lengths that their digits order otherwise
 */
export function readHistory(folder: string): History {
  const problems: Problem[] = [];
  const found = new Map<bigint, Found>();
  for (const entry of readFolder(folder)) {
    for (const script of scriptsOf(folder, entry, problems)) {
      const parsed = parseStem(script.stem);
      if (!parsed) {
        problems.push(unnumbered(script.file, script.stem));
        continue;
      }
      const revision = found.get(parsed.number) ?? { up: [], down: [] };
      revision[script.direction].push(script);
      found.set(parsed.number, revision);
    }
  }
  const history = [...found].map(([number, scripts]) => toRevision(number, scripts, problems));
  refuseIfAny(problems);
  history.sort((a, b) => (a.number < b.number ? -1 : 1));
  refuseIfAny(unclearOrder(history));
  return history;
}

function unnumbered(file: string, stem: string): Problem {
  const ending = basename(file).slice(stem.length);
  const meant = withSeparator(stem);
  return { code: "unnumbered", file, ending, meant };
}

/** Two revisions next to each other of those with dashes, where dashes and digits say different orders. */
function unclearOrder(history: History): readonly Problem[] {
  const dashed = history.filter(({ id }) => /^\d+-\d/.test(id));
  const index = dashed.findIndex(({ id }, index) => isOutOfGroups(id, dashed[index + 1]?.id ?? id));
  const [earlier, later] = index < 0 ? [] : [dashed[index], dashed[index + 1]];
  return earlier && later ? [{ code: "unclear-order", earlier: earlier.id, later: later.id }] : [];
}

/** The file in a migrations folder that holds the structure which its scripts make. */
export const SNAPSHOT = "snapshot.sql";

interface FoundScript extends Script {
  readonly stem: string;
  readonly direction: "up" | "down";
  readonly transaction: boolean;
}

interface Found {
  readonly up: FoundScript[];
  readonly down: FoundScript[];
}

function readFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith("."))
      .sort();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") refuseIfAny([{ code: "folder-missing", folder, isFile: false }]);
    if (code === "ENOTDIR") refuseIfAny([{ code: "folder-missing", folder, isFile: true }]);
    throw error;
  }
}

function scriptsOf(folder: string, entry: string, problems: Problem[]): readonly FoundScript[] {
  // Not the entry's own kind: a link to a folder is a folder.
  const isFolder = statSync(join(folder, entry)).isDirectory();
  if (isFolder) return revisionFolder(folder, entry, problems);
  return /\.ts$/i.test(entry) ? moduleScripts(folder, entry, problems) : flatScript(folder, entry, problems);
}

function flatScript(folder: string, name: string, problems: Problem[]): readonly FoundScript[] {
  if (!/\.sql$/i.test(name) || name === SNAPSHOT) return [];
  const file = join(folder, name);
  const match = /^(.*)\.(up|down)\.sql$/is.exec(name);
  if (!match) {
    problems.push({ code: "unknown-direction", file });
    return [];
  }
  const direction = match[2]?.toLowerCase() === "up" ? "up" : "down";
  return [{ stem: match[1] ?? "", direction, file, sql: readScript(file, problems), transaction: true }];
}

function moduleScripts(folder: string, name: string, problems: Problem[]): readonly FoundScript[] {
  const file = join(folder, name);
  const module = loadModule(file, problems);
  if (!module) return [];
  const { up, down, transaction, source: sql } = module;
  const script = { stem: name.replace(/\.ts$/i, ""), file, sql, transaction };
  return [
    { ...script, direction: "up", code: up },
    ...(down ? [{ ...script, direction: "down" as const, code: down }] : []),
  ];
}

function revisionFolder(folder: string, name: string, problems: Problem[]): readonly FoundScript[] {
  const path = join(folder, name);
  const files = new Set(readdirSync(path));
  if (!parseStem(name)) {
    if (files.has("up.sql") || files.has("down.sql")) problems.push(unnumbered(path, name));
    return [];
  }
  const transaction = !files.has("metadata.toml") || readTransaction(join(path, "metadata.toml"), problems);
  return (["up", "down"] as const)
    .filter((direction) => files.has(`${direction}.sql`))
    .map((direction) => {
      const file = join(path, `${direction}.sql`);
      return { stem: name, direction, file, sql: readScript(file, problems), transaction };
    });
}

const Metadata = z.object({ run_in_transaction: z.boolean().default(true) });

function readTransaction(file: string, problems: Problem[]): boolean {
  try {
    return Metadata.parse(parseToml(readFileSync(file, "utf8"))).run_in_transaction;
  } catch (error) {
    const detail =
      error instanceof z.ZodError
        ? "run_in_transaction is true or false."
        : error instanceof Error
          ? error.message
          : String(error);
    problems.push({ code: "bad-metadata", file, detail });
    return true;
  }
}

function toRevision(number: bigint, found: Found, problems: Problem[]): Revision {
  const twice = [found.up, found.down].filter((scripts) => scripts.length > 1).flat();
  if (twice.length > 0) {
    problems.push({ code: "duplicate-number", number: `${number}`, files: twice.map((script) => script.file) });
  }
  const [up, down] = [found.up[0], found.down[0]];
  const id = up?.stem ?? down?.stem ?? "";
  return {
    id,
    number,
    name: parseStem(id)?.name ?? "",
    checksum: checksum(up?.sql ?? ""),
    ...(up && { up: scriptOf(up) }),
    ...(down && { down: scriptOf(down) }),
    transaction: up?.transaction ?? down?.transaction ?? true,
  };
}

function scriptOf({ file, sql, code }: FoundScript): Script {
  return { file, sql, ...(code && { code }) };
}

/** A script's text. Bytes that are no UTF-8 would be changed in silence, and a NUL hides what follows from the parser. */
function readScript(file: string, problems: Problem[]): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
    if (!text.includes("\0")) return normalise(text);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  problems.push({ code: "not-utf8", file });
  return "";
}
