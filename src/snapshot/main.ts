/** `npm run snapshot -- [--stack NAME] [--migrations FOLDER]`: writes the structure that a history makes into its folder. */
import { parseArgs } from "node:util";
import { configValues } from "../config/config-values.ts";
import { parseFleets } from "../config/fleets.ts";
import { type FleetConfig, parseConfig } from "../config.ts";
import { readHistory } from "../history/read-history.ts";
import { count, errorText } from "../problem-text.ts";
import { makeSnapshot } from "./make-snapshot.ts";
import { writeSnapshot } from "./snapshot-file.ts";

const USAGE = "Usage: npm run snapshot -- [--stack NAME] [--migrations FOLDER]";

try {
  const { stack, migrations } = readArguments();
  const fleets =
    stack === undefined ? [ofEnvironment(migrations)] : parseFleets(await configValues(stack), process.env);
  const folders = new Map(fleets.map((fleet) => [fleet.migrations, fleet]));
  const wanted = migrations === undefined ? [...folders.keys()] : [migrations];
  for (const folder of wanted) await snapshotOf(folder, folders.get(folder) ?? refuse(folder));
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}

async function snapshotOf(folder: string, { connection, ...config }: FleetConfig): Promise<void> {
  const history = readHistory(folder);
  const { searchPath, lockTimeoutMs, statementTimeoutMs } = config;
  const { snapshot, sql } = await makeSnapshot(connection, history, { searchPath, lockTimeoutMs, statementTimeoutMs });
  const file = writeSnapshot(folder, history, snapshot, sql);
  console.log(
    `${file}: ${count(history.length, "revision")} up to ${snapshot.revision}, proven equal on PostgreSQL ${snapshot.server}.`,
  );
}

function readArguments(): { readonly stack: string | undefined; readonly migrations: string | undefined } {
  const options = { stack: { type: "string" }, migrations: { type: "string" } } as const;
  try {
    const { values } = parseArgs({ options });
    return { stack: values.stack, migrations: values.migrations };
  } catch (error) {
    throw new Error(`${errorText(error)}\n${USAGE}`);
  }
}

/** A server from the PG* variables, and for the rest what a stack has that sets nothing. */
function ofEnvironment(migrations: string | undefined): FleetConfig {
  return parseConfig({ schemas: ["any"], migrations: migrations ?? "" }, process.env);
}

function refuse(folder: string): never {
  throw new Error(`No fleet of the stack has its migrations in ${folder}.`);
}
