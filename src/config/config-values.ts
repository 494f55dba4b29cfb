import { readFileSync } from "node:fs";
import { execa } from "execa";
import { parse as parseYaml } from "yaml";

/** A stack's config by key, as the Pulumi CLI knows it: it alone can decrypt the secrets. */
export async function configValues(stack: string): Promise<Readonly<Record<string, unknown>>> {
  const { stdout, stderr, exitCode } = await execa({
    reject: false,
    stdin: "ignore",
  })`pulumi config --stack ${stack} --show-secrets --json --non-interactive`;
  if (exitCode !== 0) throw new Error(stderr.trim());
  const prefix = `${projectName()}:`;
  const entries = Object.entries(JSON.parse(stdout) as Readonly<Record<string, ConfigEntry>>);
  const own = entries.filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, entry]) => [key.slice(prefix.length), entry.objectValue ?? entry.value]));
}

function projectName(): string {
  return parseYaml(readFileSync("Pulumi.yaml", "utf8")).name;
}

interface ConfigEntry {
  readonly value: string;
  readonly objectValue?: unknown;
}
