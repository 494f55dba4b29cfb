import { mkdirSync } from "node:fs";
import { join } from "node:path";
import lockfile from "proper-lockfile";
import { installCli } from "./cli.ts";
import { cliInPlace, postgresqlInPlace } from "./in-place.ts";
import type { Layout } from "./layout.ts";
import { installPostgresql } from "./postgresql.ts";

/** Installs what is missing. Of several processes at once, the first installs and the others wait for it. */
export async function installMissing(layout: Layout, env: Readonly<Record<string, string>>): Promise<void> {
  mkdirSync(layout.tools, { recursive: true });
  const unlock = await lockTools(layout.tools);
  try {
    if (!cliInPlace(layout)) await installCli(layout);
    if (!postgresqlInPlace(layout)) await installPostgresql(layout, env);
  } finally {
    await unlock();
  }
}

async function lockTools(tools: string): Promise<() => Promise<void>> {
  const lockfilePath = join(tools, "install.lock");
  try {
    return await lockfile.lock(tools, { lockfilePath });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ELOCKED")) throw error;
    console.error("Another run is installing the tools: waiting for it ...");
    return lockfile.lock(tools, { lockfilePath, retries: { forever: true, minTimeout: 1000, maxTimeout: 1000 } });
  }
}
