import { mkdirSync, rmSync } from "node:fs";
import { execa } from "execa";
import { partial, postgresqlInPlace } from "./in-place.ts";
import { type Layout, postgresqlScript } from "./layout.ts";
import { writeStandIn } from "./stand-in.ts";
import { vendorIsReachable } from "./vendor.ts";

/** Gets the vendor's plugin, or puts the stand-in where it would be. The caller holds the lock on the tools. */
export async function installPostgresql(layout: Layout, env: Readonly<Record<string, string>>): Promise<void> {
  if (await downloadPlugin(layout, env)) return;
  console.error(
    `Using this project's stand-in for the plugin of @pulumi/postgresql ${layout.postgresqlVersion}: the official one cannot be downloaded here.`,
  );
  for (const half of [layout.postgresqlFolder, partial(layout)]) rmSync(half, { recursive: true, force: true });
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
