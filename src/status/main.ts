/** `npm run status -- [--stack NAME …] [--schema NAME …] [--json]`: where the schemas of the stacks stand. Read-only. */
import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { configValues } from "../config/config-values.ts";
import { findFleets } from "../config/find-fleets.ts";
import { errorText, problemTexts } from "../problem-text.ts";
import { readStatus, type SchemaStatus } from "./read-status.ts";
import { statusTable } from "./status-table.ts";

const USAGE = "Usage: npm run status -- [--stack NAME]… [--schema NAME]… [--json]";

/** All that `--help` prints. */
const HELP = `${USAGE}

Where the schemas of the stacks that have a config file here stand, as their ledgers say it. It writes nothing.
  --stack   only this stack, with a config file or without
  --schema  only this schema
  --json    for machines, with every error in full`;

try {
  await main(readArguments());
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}

async function main({ help, stacks, schemas, json }: Arguments): Promise<void> {
  if (help) return console.log(HELP);
  const statuses: SchemaStatus[] = [];
  for (const stack of stacks) {
    try {
      for (const fleet of await findFleets(await configValues(stack), process.env))
        statuses.push(...(await readStatus(stack, fleet)));
    } catch (error) {
      // One stack's trouble must not hide where the others stand.
      console.error(`Stack "${stack}": ${errorText(error)}`);
      process.exitCode = 1;
    }
  }
  const told = schemas.length === 0 ? statuses : statuses.filter(({ schema }) => schemas.includes(schema));
  for (const schema of schemas.filter((name) => !told.some((status) => status.schema === name))) {
    console.error(`No stack owns schema "${schema}".`);
    process.exitCode = 1;
  }
  if (json) console.log(JSON.stringify(told.map(inWords), undefined, 2));
  else if (told.length > 0) console.log(statusTable(told));
}

/** A status for machines, which get the words of a problem as well. */
function inWords({ problems, ...status }: SchemaStatus) {
  return { ...status, problem: problems.length > 0 ? problemTexts(problems).join("\n") : null };
}

interface Arguments {
  readonly help: boolean;
  readonly stacks: readonly string[];
  /** Only these; empty for all. */
  readonly schemas: readonly string[];
  readonly json: boolean;
}

function readArguments(): Arguments {
  const options = {
    help: { type: "boolean", short: "h", default: false },
    stack: { type: "string", multiple: true },
    schema: { type: "string", multiple: true, default: [] as string[] },
    json: { type: "boolean", default: false },
  } as const;
  try {
    const { values } = parseArgs({ options });
    const { help, json, schema: schemas } = values;
    return { help, stacks: values.stack ?? configuredStacks(), schemas, json };
  } catch (error) {
    throw new Error(`${errorText(error)}\n${USAGE}`);
  }
}

/** The stacks that have a config file here. */
function configuredStacks(): readonly string[] {
  return readdirSync(".").flatMap((file) => /^Pulumi\.(.+)\.ya?ml$/.exec(file)?.[1] ?? []);
}
