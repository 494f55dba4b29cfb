import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { execa } from "execa";
import { afterAll } from "vitest";
import type { Connection } from "../../src/postgres/connection.ts";
import { layoutIn } from "../../toolchain/install/layout.ts";
import { installTools } from "../../toolchain/install.ts";
import { copyProject, type StackConfig } from "../../toolchain/project-copy.ts";

/** What a command printed, and how it ended. */
export interface Outcome {
  readonly exitCode: number | undefined;
  /** Both streams, as a person sees them. */
  readonly output: string;
}

/** A copy of the project with a Pulumi backend of its own. */
export interface TestProject {
  readonly folder: string;
  /** Runs the real CLI; `pulumi("up", "--yes")`. */
  readonly pulumi: (...args: readonly string[]) => Promise<Outcome>;
  /** `npm run status`. */
  readonly status: (...args: readonly string[]) => Promise<Outcome>;
  /** A file below the folder. */
  readonly read: (path: string) => string;
  /** Gives a stack this config instead of what it has. */
  readonly configure: (stack: string, config: Readonly<Record<string, unknown>>) => void;
  /** Writes files below the folder, by path. */
  readonly write: (files: Readonly<Record<string, string>>) => void;
  /** The stack's state, as Pulumi keeps it. */
  readonly state: (stack: string) => string;
  /** A copy of this copy in another folder, with a name that a URL would read in its own way, its state moved along, with this folder gone. */
  readonly move: () => Promise<TestProject>;
}

export const PASSPHRASE = "passphrase-of-the-tests";

export interface TestProjectOptions {
  /** Given by the PG* variables; undefined gives none. */
  readonly connection: Connection | undefined;
  /** The schemas of each stack, or its config, by its name. */
  readonly stacks: Readonly<Record<string, StackConfig>>;
  /** The migrations, by file name, instead of the project's own. */
  readonly migrations?: Readonly<Record<string, string>>;
  /** The URL of Pulumi's state backend, instead of a folder in the copy. */
  readonly backend?: string;
}

/** Makes a copy of the project for the tests of a file, its stacks initialised, and removes it after them. */
export async function makeProject(options: TestProjectOptions): Promise<TestProject> {
  const folder = temporaryFolder();
  copyProject(folder, options.stacks);
  if (options.migrations) {
    rmSync(join(folder, "migrations"), { recursive: true });
    mkdirSync(join(folder, "migrations"));
  }
  mkdirSync(join(folder, STATE));
  const project = await projectIn(folder, options);
  project.write(
    Object.fromEntries(Object.entries(options.migrations ?? {}).map(([file, sql]) => [`migrations/${file}`, sql])),
  );
  for (const stack of Object.keys(options.stacks)) await project.pulumi("stack", "init", stack);
  return project;
}

/** Where the state is, in a copy. */
const STATE = ".state";

async function projectIn(folder: string, options: TestProjectOptions): Promise<TestProject> {
  const { connection } = options;
  const backend = join(folder, STATE);
  const tools = await installTools();
  const env = {
    ...tools.env,
    ...(connection && pgVariables(connection)),
    PULUMI_BACKEND_URL: options.backend ?? pathToFileURL(backend).href,
    PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
  };
  const run = async (command: string, args: readonly string[]): Promise<Outcome> => {
    const result = await execa(command, args, { cwd: folder, env, all: true, reject: false, stdin: "ignore" });
    return { exitCode: result.exitCode, output: result.all };
  };
  const read = (path: string) => readFileSync(join(folder, path), "utf8");
  const write: TestProject["write"] = (files) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  };
  return {
    folder,
    pulumi: (...args) => run(tools.pulumi, withFlags(args)),
    status: (...args) => run(process.execPath, ["src/status/main.ts", ...args]),
    read,
    configure: (stack, config) => {
      const file = `Pulumi.${stack}.yaml`;
      const keys = Object.entries(config).map(([key, value]) => [`schema-migrations:${key}`, value]);
      // Pulumi's own line, without which nothing that it encrypted can be read.
      const salt = /^encryptionsalt: .*$/m.exec(read(file))?.[0] ?? "";
      write({ [file]: `${salt}\nconfig: ${JSON.stringify(Object.fromEntries(keys))}\n` });
    },
    write,
    state: (stack) => readFileSync(join(backend, `.pulumi/stacks/schema-migrations/${stack}.json`), "utf8"),
    move: async () => {
      const other = temporaryFolder("feature%2F#?");
      cpSync(folder, other, { recursive: true, verbatimSymlinks: true });
      rmSync(folder, { recursive: true });
      return projectIn(other, options);
    },
  };
}

/** Directly behind the command, since what follows a `--` is no flag. */
function withFlags([command = "", ...rest]: readonly string[]): readonly string[] {
  const shows = ["up", "preview", "refresh", "destroy"].includes(command);
  return [command, "--non-interactive", "--color=never", ...(shows ? ["--suppress-progress"] : []), ...rest];
}

/** The variables that libpq and the program read a connection from. */
export function pgVariables(connection: Connection): Readonly<Record<string, string>> {
  return {
    PGHOST: connection.host,
    PGPORT: `${connection.port}`,
    PGDATABASE: connection.database,
    PGUSER: connection.user,
    PGPASSWORD: connection.password ?? "",
    PGSSLMODE: connection.sslmode,
  };
}

function temporaryFolder(name = ""): string {
  const { tools } = layoutIn();
  mkdirSync(tools, { recursive: true });
  const folder = mkdtempSync(join(tools, `test-${name}`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The errors that a command printed, without the frame that Pulumi prints around them. */
export function errorsIn(output: string): string {
  const [, diagnostics = ""] = output.split("Diagnostics:\n");
  const lines = (diagnostics.split("\nResources:")[0] ?? "").split("\n");
  const frame = /^ {2}\S+ \(.*\):$|^ {4}error: preview failed$|^$/;
  return lines
    .filter((line) => !frame.test(line))
    .map((line) => line.replace(/^ {4}/, ""))
    .join("\n");
}
