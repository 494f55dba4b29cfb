import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A resource plugin that a program's npm package asks for. */
export interface RequiredPlugin {
  readonly name: string;
  /** With the leading `v` that the engine expects. */
  readonly version: string;
  /** Where to download it from; empty for the engine's default. */
  readonly server: string;
}

interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly pulumi?: {
    readonly resource?: boolean;
    readonly name?: string;
    readonly version?: string;
    readonly server?: string;
  };
}

/** The plugins of every npm package that is installed for the program and says in its package.json that it has one. */
export function requiredPlugins(programDirectory: string): readonly RequiredPlugin[] {
  return nodeModulesOf(programDirectory)
    .flatMap((folder) =>
      globSync(["*/package.json", "@*/*/package.json"], { cwd: folder }).map((file) => join(folder, file)),
    )
    .map(readPackage)
    .flatMap(({ name = "", version = "", pulumi }) =>
      pulumi?.resource === true
        ? [
            {
              name: pulumi.name ?? name.replace(/^@pulumi\//, ""),
              version: `v${(pulumi.version ?? version).replace(/^v/, "")}`,
              server: pulumi.server ?? "",
            },
          ]
        : [],
    );
}

/** The program's direct dependencies and the versions that are installed. */
export function directDependencies(
  programDirectory: string,
): readonly { readonly name: string; readonly version: string }[] {
  const own = [programDirectory, ...ancestors(programDirectory)].find((folder) =>
    existsSync(join(folder, "package.json")),
  );
  if (own === undefined) return [];
  const { dependencies = {}, devDependencies = {} } = readPackage(join(own, "package.json"));
  const folders = nodeModulesOf(programDirectory);
  return Object.keys({ ...dependencies, ...devDependencies }).flatMap((name) => {
    const file = folders.map((folder) => join(folder, name, "package.json")).find((path) => existsSync(path));
    return file === undefined ? [] : [{ name, version: readPackage(file).version ?? "" }];
  });
}

function nodeModulesOf(programDirectory: string): readonly string[] {
  return [programDirectory, ...ancestors(programDirectory)]
    .map((folder) => join(folder, "node_modules"))
    .filter((folder) => existsSync(folder));
}

function ancestors(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [] : [parent, ...ancestors(parent)];
}

function readPackage(file: string): PackageJson {
  return JSON.parse(readFileSync(file, "utf8")) as PackageJson;
}
