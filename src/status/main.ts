/** `npm run status -- [--stack NAME …] [--json]`: where the schemas of the stacks stand. Read-only. */
import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { parse as parseYaml } from "yaml";
import { parseConfig, type StackConfig } from "../config.ts";
import { plainTable } from "../plain-table.ts";
import { errorText } from "../problem-text.ts";
import { readStatus, type SchemaStatus } from "./read-status.ts";

const USAGE = "Usage: npm run status -- [--stack NAME]… [--json]";

try {
  const { stacks, json } = readArguments();
  const statuses: SchemaStatus[] = [];
  for (const stack of stacks) {
    try {
      statuses.push(...(await readStatus(stack, await configOf(stack))));
    } catch (error) {
      // One stack's trouble must not hide where the others stand.
      console.error(`Stack "${stack}": ${errorText(error)}`);
      process.exitCode = 1;
    }
  }
  if (json) console.log(JSON.stringify(statuses, undefined, 2));
  else if (statuses.length > 0) console.log(statusTable(statuses));
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}

function readArguments(): { readonly stacks: readonly string[]; readonly json: boolean } {
  const options = { stack: { type: "string", multiple: true }, json: { type: "boolean", default: false } } as const;
  try {
    const { values } = parseArgs({ options });
    return { stacks: values.stack ?? configuredStacks(), json: values.json };
  } catch (error) {
    throw new Error(`${errorText(error)}\n${USAGE}`);
  }
}

/** The stacks that have a config file here. */
function configuredStacks(): readonly string[] {
  return readdirSync(".").flatMap((file) => /^Pulumi\.(.+)\.ya?ml$/.exec(file)?.[1] ?? []);
}

/** A stack's config as the Pulumi CLI knows it: it alone can decrypt the secrets. */
async function configOf(stack: string): Promise<StackConfig> {
  const { stdout, stderr, exitCode } = await execa({
    reject: false,
    stdin: "ignore",
  })`pulumi config --stack ${stack} --show-secrets --json --non-interactive`;
  if (exitCode !== 0) throw new Error(stderr.trim());
  const prefix = `${projectName()}:`;
  const entries = Object.entries(JSON.parse(stdout) as Readonly<Record<string, ConfigEntry>>);
  const own = entries.filter(([key]) => key.startsWith(prefix));
  return parseConfig(
    Object.fromEntries(own.map(([key, entry]) => [key.slice(prefix.length), entry.objectValue ?? entry.value])),
    process.env,
  );
}

function projectName(): string {
  return parseYaml(readFileSync("Pulumi.yaml", "utf8")).name;
}

interface ConfigEntry {
  readonly value: string;
  readonly objectValue?: unknown;
}

function statusTable(statuses: readonly SchemaStatus[]): string {
  const rows = statuses.map((status) => [
    status.stack,
    status.schema,
    status.current ?? "(no such schema)",
    status.target,
    pendingText(status),
    lastText(status),
  ]);
  const refused = statuses.flatMap(({ problem }) => (problem === null ? [] : [`\n${problem}`]));
  return [plainTable([["stack", "schema", "current", "target", "pending", "last event"], ...rows]), ...refused].join(
    "\n",
  );
}

function pendingText({ pending, problem }: SchemaStatus): string {
  if (problem !== null) return "refused, see below";
  if (pending.length === 0) return "-";
  return pending.length <= 2 ? pending.join(", ") : `${pending[0]} … ${pending.at(-1)} (${pending.length})`;
}

function lastText({ lastEvent }: SchemaStatus): string {
  if (lastEvent === null) return "-";
  const { at, actor, direction, revision, outcome } = lastEvent;
  return `${at.toISOString().slice(0, 16).replace("T", " ")} ${actor}: ${direction} ${revision} ${outcome}`;
}
