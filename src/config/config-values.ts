import { existsSync, readFileSync } from "node:fs";
import { execa } from "execa";
import { parse as parseYaml } from "yaml";
import { Refusal, refuseIfAny } from "../problem.ts";
import { unquotedNumbers } from "./unquoted-numbers.ts";

/**
 * A stack's config by key, as the Pulumi CLI knows it: it alone can decrypt the secrets.
 *
 * @throws Refusal for a stack that is not there, and for numbers that YAML changes
 */
export async function configValues(stack: string): Promise<Readonly<Record<string, unknown>>> {
  const file = stackFile(stack);
  if (file !== undefined) refuseIfAny(unquotedNumbers(readFileSync(file, "utf8"), projectName()));
  const { stdout, stderr, exitCode } = await execa({
    reject: false,
    stdin: "ignore",
  })`pulumi config --stack ${stack} --show-secrets --json --non-interactive`;
  if (exitCode !== 0 && stderr.includes("no stack named")) {
    throw new Refusal([{ code: "no-stack", stack, file, known: await stacks() }]);
  }
  if (exitCode !== 0) throw new Error(stderr.trim());
  const prefix = `${projectName()}:`;
  const entries = Object.entries(JSON.parse(stdout) as Readonly<Record<string, ConfigEntry>>);
  const own = entries.filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, entry]) => [key.slice(prefix.length), entry.objectValue ?? entry.value]));
}

/** The project's stacks; none where the CLI cannot tell. */
async function stacks(): Promise<readonly string[]> {
  const { stdout, exitCode } = await execa({
    reject: false,
    stdin: "ignore",
  })`pulumi stack ls --json --non-interactive`;
  return exitCode === 0 ? (JSON.parse(stdout) as readonly { readonly name: string }[]).map(({ name }) => name) : [];
}

/** The file that a stack's config is in here; `organization/project/dev` has that of dev. */
function stackFile(stack: string): string | undefined {
  const name = stack.split("/").at(-1);
  return ["yaml", "yml"].map((extension) => `Pulumi.${name}.${extension}`).find((file) => existsSync(file));
}

function projectName(): string {
  return parseYaml(readFileSync("Pulumi.yaml", "utf8")).name;
}

interface ConfigEntry {
  readonly value: string;
  readonly objectValue?: unknown;
}
