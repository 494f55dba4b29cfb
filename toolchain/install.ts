import { delimiter, join } from "node:path";
import { cliInPlace, postgresqlInPlace } from "./install/in-place.ts";
import { type Layout, languageHostScript, layoutIn, postgresqlScript } from "./install/layout.ts";
import { isStandIn, writeStandIn } from "./install/stand-in.ts";

/** The Pulumi tools of this project, installed. */
export interface Tools {
  readonly pulumiHome: string;
  /** Path of the Pulumi CLI. */
  readonly pulumi: string;
  /** What a child process that runs the CLI needs in its environment, besides its own. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Makes sure that the Pulumi CLI and its plugins are in the project's `.tools` folder, at the versions of package.json.
 * Silent and fast where they are; else installs them (minutes, with progress on stderr), from the vendor where it can be
 * reached. Any number of processes may call this at once. Rejects with what is missing and how to provide it by hand.
 */
export async function installTools(layout: Layout = layoutIn()): Promise<Tools> {
  const env = environment(layout);
  if (!cliInPlace(layout) || !postgresqlInPlace(layout)) {
    const { installMissing } = await import("./install/missing.ts");
    await installMissing(layout, env);
  }
  // A stand-in holds absolute paths: it is made anew after the project folder has moved.
  if (isStandIn(layout.languageHost)) writeStandIn(layout.languageHost, languageHostScript);
  if (isStandIn(layout.postgresql)) writeStandIn(layout.postgresql, postgresqlScript);
  return { pulumiHome: layout.pulumiHome, pulumi: layout.cli, env };
}

/** The same for a command: where something is missing, it prints that alone and ends. */
export async function toolsOrExit(layout: Layout = layoutIn()): Promise<Tools> {
  try {
    return await installTools(layout);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

function environment(layout: Layout): Readonly<Record<string, string>> {
  return {
    PULUMI_HOME: layout.pulumiHome,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PATH: [layout.cliFolder, join(layout.project, "node_modules/.bin"), process.env.PATH ?? ""].join(delimiter),
  };
}
