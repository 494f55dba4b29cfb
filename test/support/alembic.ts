import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import type { Connection } from "../../src/postgres/connection.ts";
import { layoutIn } from "../../toolchain/install/layout.ts";
import { type Outcome, pgVariables } from "./project.ts";

/** The small Alembic project of the tests, as a team has it. */
const PROJECT = join(import.meta.dirname, "../adopt/alembic-project");

/** Alembic in a virtual environment of its own; or why it cannot be had on this machine. */
export type Alembic =
  | { readonly python: string; readonly missing?: undefined }
  | { readonly python?: undefined; readonly missing: string };

/** Installs Alembic, with all that it needs at fixed versions, below `.tools`; made once, and anew when these change. */
export async function installAlembic(): Promise<Alembic> {
  const requirements = join(PROJECT, "requirements.txt");
  const { tools } = layoutIn();
  const digest = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  const place = join(tools, `alembic-${digest}`);
  const python = (folder: string) => join(folder, "bin/python");
  if (existsSync(python(place))) return { python: python(place) };
  mkdirSync(tools, { recursive: true });
  // Made aside and moved: an environment that is there is whole. It is only used as `python -m`, so it can be moved.
  const aside = mkdtempSync(join(tools, "alembic-new-"));
  try {
    const made = await tryRun("python3", ["-m", "venv", aside]);
    if (made !== undefined) return { missing: `python3 -m venv: ${made}` };
    const filled = await tryRun(python(aside), ["-m", "pip", "install", "--quiet", "--no-deps", "-r", requirements]);
    if (filled !== undefined) return { missing: `pip install: ${filled}` };
    if (!existsSync(place)) renameSync(aside, place);
    return { python: python(place) };
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Undefined where the command succeeds, else the last line of what it said. */
async function tryRun(command: string, args: readonly string[]): Promise<string | undefined> {
  const result = await execa(command, args, { reject: false, all: true, stdin: "ignore" });
  if (result.exitCode === 0) return undefined;
  return result.all?.trim().split("\n").at(-1) || result.originalMessage || "failed";
}

/** A copy of the Alembic project, to run Alembic and other Python in. */
export interface AlembicProject {
  readonly folder: string;
  /** `alembic …` with the schema where it takes it from. */
  readonly alembic: (schema: string, ...args: readonly string[]) => Promise<Outcome>;
  /** Runs a Python program's text, without any server to ask. */
  readonly runOffline: (program: string, ...args: readonly string[]) => Promise<Outcome>;
}

/** Copies the Alembic project into an empty folder. */
export function alembicProject({ python = "python3" }: Alembic, connection: Connection, into: string): AlembicProject {
  cpSync(PROJECT, into, { recursive: true });
  const run = async (env: Readonly<Record<string, string>>, args: readonly string[]): Promise<Outcome> => {
    const options = { cwd: into, env, all: true, reject: false, stdin: "ignore" } as const;
    const { exitCode, all } = await execa(python, args, options);
    return { exitCode, output: all };
  };
  return {
    folder: into,
    alembic: (schema, ...args) => {
      const env = { ...pgVariables(connection), DEFAULT_SCHEMA_NAME: schema };
      return run(env, ["-m", "alembic", ...args]);
    },
    runOffline: (program, ...args) => {
      writeFileSync(join(into, "program.py"), program);
      return run({ PGHOST: "nowhere.invalid" }, ["program.py", ...args]);
    },
  };
}
