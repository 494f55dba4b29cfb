import { brief, count, quoted } from "./wording.ts";

/** What can be wrong with what scripts do beyond the schema that they run for. */
export type BeyondProblem =
  | {
      readonly code: "once-a-database";
      readonly file: string;
      readonly line: number;
      /** `role`, `extension`: what there is one of. */
      readonly kind: string;
      readonly text: string;
      /** `guard`: IF NOT EXISTS and its kin, or a DO block. `never`: neither can be had. */
      readonly way: "guard" | "never" | { readonly extension: string };
    }
  | {
      readonly code: "unplaced-extension";
      readonly file: string;
      readonly line: number;
      readonly text: string;
      readonly name: string;
    }
  | {
      readonly code: "takes-schema";
      readonly file: string;
      readonly line: number;
      readonly text: string;
      /** A schema that is migrated here. */
      readonly names: string;
      readonly does: "makes" | "drops" | "renames";
    }
  | {
      /** A warning; `dependents` are the first of them. */
      readonly code: "drops-for-all";
      readonly file: string;
      readonly line: number;
      readonly text: string;
      readonly does: "drops" | "renames" | "drops-owned";
      /** `extension`, `schema`: what there is one of; of DROP OWNED `role`, whose things go. */
      readonly kind: string;
      readonly name: string;
      readonly dependents: readonly string[];
      /** How many more there are. */
      readonly others: number;
    }
  | {
      readonly code: "other-schema";
      readonly file: string;
      readonly line: number;
      /** The schema that the statement names. */
      readonly names: string;
      readonly text: string;
      /** How many statements of the file do the same. */
      readonly others: number;
      /** True where they are about the schema as a whole, and cannot leave its name out. */
      readonly whole: boolean;
      /** True where that is an error in the second schema that it runs for. */
      readonly fails: boolean;
    }
  | { readonly code: "all-schemas"; readonly file: string; readonly line: number; readonly text: string }
  | { readonly code: "sets-path"; readonly file: string; readonly line: number; readonly text: string };

/** The words of a {@link BeyondProblem}. */
export function beyondText(problem: BeyondProblem): string {
  const place = `${problem.file}:${problem.line}: "${brief(problem.text)}"`;
  switch (problem.code) {
    case "once-a-database":
      return `${place} would run once for each schema, and there is one ${problem.kind} for all of them. ${onceWay(problem.way)}`;
    case "unplaced-extension":
      return (
        `${place} would make the extension in the schema that comes first, where the others do not find it. ` +
        `Give it a schema of its own:${placed(problem.name)}\n` +
        "Where the script is applied elsewhere and has to stay, run these two by hand, once."
      );
    case "takes-schema":
      return `${place} ${taken(problem)}`;
    case "drops-for-all":
      return `${place} ${dropped(problem)}. Where that is not meant, remove it.`;
    case "other-schema":
      return otherSchema(place, problem);
    case "all-schemas":
      return `${place} holds in every schema of the database, also those to come. For the one that is migrated: ${FOR_THIS_SCHEMA}`;
    case "sets-path":
      return (
        `${place} sets the search path: what comes behind it does not run in the schema that is ` +
        "migrated. Remove it, so that each schema gets its own."
      );
  }
}

/** How a statement that cannot do without a schema's name gets it. */
const FOR_THIS_SCHEMA = "DO $$ BEGIN EXECUTE format('… SCHEMA %I …', current_schema()); END $$.";

function taken({ does, names }: Extract<BeyondProblem, { code: "takes-schema" }>): string {
  switch (does) {
    case "makes":
      return `would fail: schema "${names}" is created before its first script runs. Remove the line.`;
    case "drops":
      return (
        `would drop schema "${names}", which is migrated here, and its ledger with it. Remove it: a schema is ` +
        "dropped when its name leaves the config, where that says onDestroy: drop, or by hand."
      );
    case "renames":
      return (
        `would rename schema "${names}", which is migrated here, and its next step would not find it. Remove it: ` +
        "a schema is renamed by hand, and in the config at the same time."
      );
  }
}

function onceWay(way: Extract<BeyondProblem, { code: "once-a-database" }>["way"]): string {
  if (way === "never") return "It cannot be repeated: declare it in the program as a resource, or remove it.";
  if (way !== "guard") return `Write it so that it can be repeated, in a schema of its own:${placed(way.extension)}`;
  return (
    "Write it so that it can be repeated (IF NOT EXISTS or IF EXISTS, or a DO block that looks first), or declare it in " +
    "the program as a resource."
  );
}

/** An extension that all schemas find. */
function placed(extension: string): string {
  const name = /^[a-z_][a-z0-9_]*$/.test(extension) ? extension : quoted(extension);
  return (
    `\n  CREATE SCHEMA IF NOT EXISTS extensions;\n  CREATE EXTENSION IF NOT EXISTS ${name} SCHEMA extensions;\n` +
    "and let scripts find it there: pulumi config set --path 'searchPath[0]' extensions"
  );
}

function dropped({ does, kind, name, dependents, others }: Extract<BeyondProblem, { code: "drops-for-all" }>): string {
  const more = others > 0 ? ` and ${others} more` : "";
  const told = dependents.length > 0 ? `: ${dependents.join(", ")}${more}` : "";
  if (does === "renames") return `renames ${kind} "${name}", whatever schema it runs for`;
  if (does === "drops-owned") return `drops all that belongs to ${name}, in every schema${told}`;
  if (kind === "schema")
    return `drops schema "${name}", whatever schema it runs for${told && `, with what is in it or depends on it${told}`}`;
  return `drops ${kind} "${name}" for every schema of the database${told && `, and what depends on it${told}`}`;
}

function otherSchema(
  place: string,
  { names, others, whole, fails }: Extract<BeyondProblem, { code: "other-schema" }>,
): string {
  const more = others > 0 ? `, and ${count(others, "more statement")} of this file,` : "";
  const what = `${place}${more} ${others > 0 ? "name" : "names"} schema "${names}"`;
  return fails
    ? `${what}, and would run once for each schema: the second time it fails. Leave the name out, so that each schema gets its own. ` +
        "What is meant for all of them has to be repeatable (IF NOT EXISTS or IF EXISTS), or is declared in the program as a resource."
    : `${what}, and ${others > 0 ? "change" : "changes"} it whatever schema ${others > 0 ? "they run" : "it runs"} for. ` +
        (whole
          ? `For the one that is migrated: ${FOR_THIS_SCHEMA}`
          : "Where each schema should have its own, leave the name out.");
}
