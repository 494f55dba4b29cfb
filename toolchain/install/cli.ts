import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import { buildWithGo } from "./go-build.ts";
import { type Layout, languageHostScript } from "./layout.ts";
import { writeStandIn } from "./stand-in.ts";
import { vendorIsReachable } from "./vendor.ts";

/**
 * Puts the Pulumi CLI, with the language host and the dynamic-provider plugin beside it, where the layout says. All of it is
 * made in a workshop folder, has to tell the right version there, and takes its place in one rename.
 * The caller holds the lock on the tools.
 */
export async function installCli(layout: Layout): Promise<void> {
  const workshop = join(layout.tools, "workshop");
  rmSync(workshop, { recursive: true, force: true }); // of an install that was killed
  const bin = (await downloadCli(layout, workshop)) ?? (await buildCli(layout, workshop));
  const { stdout: version } = await execa(join(bin, basename(layout.cli)), ["version"], {
    env: { PULUMI_HOME: workshop, PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  if (version !== `v${layout.cliVersion}`) {
    throw new Error(
      `The Pulumi CLI just installed says that it is ${version}, but package.json wants ${layout.cliVersion}.`,
    );
  }
  mkdirSync(dirname(layout.cliFolder), { recursive: true });
  rmSync(layout.cliFolder, { recursive: true, force: true });
  renameSync(bin, layout.cliFolder);
  rmSync(workshop, { recursive: true, force: true });
}

/** The vendor's own download, through its npm launcher; undefined where that cannot be had. */
async function downloadCli(layout: Layout, workshop: string): Promise<string | undefined> {
  if (!(await vendorIsReachable())) return undefined;
  console.error(`Downloading the Pulumi CLI ${layout.cliVersion} (about a minute, once) ...`);
  const bin = join(workshop, "versions", layout.cliVersion, "bin");
  const launcher = join(layout.project, "node_modules/pulumi/run.js");
  const { failed } = await execa(process.execPath, [launcher, "version"], {
    env: { PULUMI_HOME: workshop, PULUMI_VERSION: layout.cliVersion, PULUMI_SKIP_UPDATE_CHECK: "true" },
    stdio: ["ignore", 2, 2],
    timeout: 10 * 60_000,
    reject: false,
  });
  if (!failed && existsSync(join(bin, basename(layout.cli)))) return bin;
  console.error("The download failed, see above.");
  return undefined;
}

async function buildCli(layout: Layout, workshop: string): Promise<string> {
  const bin = join(workshop, "bin");
  await buildWithGo(layout, bin);
  // Without the vendor's release, its two companions come from the npm package and from this project.
  const dynamicProviders = "pulumi-resource-pulumi-nodejs";
  cpSync(join(layout.project, "node_modules/@pulumi/pulumi", dynamicProviders), join(bin, dynamicProviders));
  writeStandIn(join(bin, basename(layout.languageHost)), languageHostScript);
  return bin;
}
