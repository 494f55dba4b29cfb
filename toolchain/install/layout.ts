import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };

/** Where the project keeps its own tools, and which versions: package.json's dependencies decide. */
export interface Layout {
  readonly project: string;
  /** Git-ignored; holds everything that is not an npm package. */
  readonly tools: string;
  readonly pulumiHome: string;
  readonly cliVersion: string;
  /** Where the npm package `pulumi` looks for the CLI. */
  readonly cliFolder: string;
  readonly cli: string;
  /** The vendor's, or a stand-in for it that runs `languageHostScript`. */
  readonly languageHost: string;
  readonly postgresqlVersion: string;
  /** Where the CLI looks for the plugin of @pulumi/postgresql. */
  readonly postgresqlFolder: string;
  /** The vendor's, or a stand-in for it that runs `postgresqlScript`. */
  readonly postgresql: string;
}

export const projectFolder: string = join(import.meta.dirname, "../..");

export const languageHostScript: string = join(projectFolder, "toolchain/language-host/main.ts");
export const postgresqlScript: string = join(projectFolder, "toolchain/postgresql-plugin/main.ts");

/** The layout of the project folder's own tools; a test passes another `tools` folder. */
export function layoutIn(tools: string = join(projectFolder, ".tools")): Layout {
  const cliVersion = manifest.dependencies["@pulumi/pulumi"];
  const postgresqlVersion = manifest.dependencies["@pulumi/postgresql"];
  const pulumiHome = join(tools, "pulumi");
  const cliFolder = join(pulumiHome, "versions", cliVersion, "bin");
  const postgresqlFolder = join(pulumiHome, "plugins", `resource-postgresql-v${postgresqlVersion}`);
  return {
    project: projectFolder,
    tools,
    pulumiHome,
    cliVersion,
    cliFolder,
    cli: join(cliFolder, "pulumi"),
    languageHost: join(cliFolder, "pulumi-language-nodejs"),
    postgresqlVersion,
    postgresqlFolder,
    postgresql: join(postgresqlFolder, "pulumi-resource-postgresql"),
  };
}
