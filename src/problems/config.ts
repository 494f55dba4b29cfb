import { list } from "./wording.ts";

/** What can be wrong with the configuration. */
export type ConfigProblem =
  | {
      readonly code: "config";
      readonly key: string;
      readonly got: string;
      readonly wants: string;
      readonly fix?: ConfigFix;
    }
  | { readonly code: "unknown-key"; readonly key: string; readonly near: string | undefined }
  | {
      /** A name or pattern that fits no schema. */
      readonly code: "idle-entry";
      readonly key: string;
      readonly entry: string;
      readonly near: string | undefined;
    }
  | {
      readonly code: "no-stack";
      readonly stack: string;
      /** Its config, where there is one. */
      readonly file: string | undefined;
      /** The project's stacks. */
      readonly known: readonly string[];
    }
  | { readonly code: "no-connection" };

/** The way out, by the Pulumi CLI. Where the keys stand is data, so that a problem of one fleet can be told with its place. */
export interface ConfigFix {
  /** "Set it". */
  readonly say: string;
  /** One after the other. */
  readonly commands: readonly ConfigCommand[];
  /** What is to be done besides, in a sentence. */
  readonly besides?: string;
}

export interface ConfigCommand {
  readonly run: "set" | "set --secret" | "rm";
  readonly path: ConfigPath;
  /** As a shell takes it; none where the CLI is to ask for it. */
  readonly value?: string;
}

/** Where a value stands: `["fleets", "tenants", "schemas", 0]`. */
export type ConfigPath = readonly (string | number)[];

/** The words of a {@link ConfigProblem}. */
export function configText(problem: ConfigProblem): string {
  switch (problem.code) {
    case "config":
      return `config "${problem.key}": got ${problem.got}, wants ${problem.wants}.${problem.fix ? ` ${fixText(problem.fix)}` : ""}`;
    case "unknown-key":
      return `config "${problem.key}": there is no such key. ${problem.near === undefined ? "" : `Did you mean ${problem.near}? `}Remove it: pulumi config rm ${problem.key.includes(".") ? `--path '${problem.key}'` : problem.key}.`;
    case "idle-entry": {
      const effect = problem.key === "waves" ? "nobody goes first" : "nobody is left alone";
      return `config "${problem.key}": ${JSON.stringify(problem.entry)} fits no schema: ${effect} by it.${problem.near === undefined ? "" : ` Did you mean ${problem.near}?`}`;
    }
    case "no-stack":
      return `no stack named '${problem.stack}' found${problem.known.length > 0 ? `, only ${list(problem.known)}` : ""}. Make it: pulumi stack init ${problem.stack}${problem.file === undefined ? "" : `, or delete ${problem.file}`}.`;
    case "no-connection":
      return (
        "No connection is configured. Set the parts (pulumi config set host db.example.com; database, user; " +
        "pulumi config set --secret password), or all in one (pulumi config set --secret url postgres://…), " +
        "or the environment variables PGHOST, PGDATABASE, PGUSER and PGPASSWORD."
      );
  }
}

function fixText({ say, commands, besides }: ConfigFix): string {
  return `${say}: ${commands.map(commandText).join(", then ")}.${besides === undefined ? "" : ` ${besides}`}`;
}

function commandText({ run, path, value }: ConfigCommand): string {
  return ["pulumi config", run, pathArgument(path), ...(value === undefined ? [] : [value])].join(" ");
}

/** A path as the CLI takes it, for a shell: `target`; `--path 'fleets.a.schemas[0]'`. */
function pathArgument([first = "", ...rest]: ConfigPath): string {
  if (rest.length === 0) return `${first}`;
  const parts = rest.map((part) => (/^[a-z_]\w*$/i.test(`${part}`) ? `.${part}` : `[${JSON.stringify(part)}]`));
  return `--path '${`${first}${parts.join("")}`.replaceAll("'", "'\\''")}'`;
}
