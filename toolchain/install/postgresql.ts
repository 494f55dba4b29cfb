import { existsSync, mkdirSync } from "node:fs";
import { execa } from "execa";
import { type Layout, postgresqlScript } from "./layout.ts";
import { writeStandIn } from "./stand-in.ts";
import { vendorIsReachable } from "./vendor.ts";

/** Whether the plugin behind @pulumi/postgresql, or our stand-in for it, is there as a whole. */
export function postgresqlInPlace(layout: Layout): boolean {
  // The CLI keeps this file beside a plugin's folder while it unpacks into it.
  return existsSync(layout.postgresql) && !existsSync(`${layout.postgresqlFolder}.partial`);
}

/** Gets the vendor's plugin, or puts the stand-in where it would be. The caller holds the lock on the tools. */
export async function installPostgresql(layout: Layout, env: Readonly<Record<string, string>>): Promise<void> {
  if (await downloadPlugin(layout, env)) return;
  console.error(
    `Using this project's stand-in for the plugin of @pulumi/postgresql ${layout.postgresqlVersion}: the official one cannot be downloaded here.`,
  );
  mkdirSync(layout.postgresqlFolder, { recursive: true });
  writeStandIn(layout.postgresql, postgresqlScript);
}

async function downloadPlugin(layout: Layout, env: Readonly<Record<string, string>>): Promise<boolean> {
  if (!(await vendorIsReachable())) return false;
  console.error(`Downloading the plugin of @pulumi/postgresql ${layout.postgresqlVersion} (under a minute, once) ...`);
  const { failed } = await execa(
    layout.cli,
    ["plugin", "install", "resource", "postgresql", layout.postgresqlVersion],
    {
      env,
      stdio: ["ignore", 2, 2],
      timeout: 5 * 60_000,
      reject: false,
    },
  );
  return !failed && postgresqlInPlace(layout);
}
