/** What can be wrong with the configuration. */
export type ConfigProblem =
  | {
      readonly code: "config";
      readonly key: string;
      readonly got: string;
      readonly wants: string;
      readonly fix?: string;
    }
  | { readonly code: "unknown-key"; readonly key: string; readonly near: string | undefined }
  | { readonly code: "no-connection" };

/** The words of a {@link ConfigProblem}. */
export function configText(problem: ConfigProblem): string {
  switch (problem.code) {
    case "config":
      return `config "${problem.key}": got ${problem.got}, wants ${problem.wants}.${problem.fix ? ` ${problem.fix}` : ""}`;
    case "unknown-key":
      return `config "${problem.key}": there is no such key. ${problem.near === undefined ? "" : `Did you mean ${problem.near}? `}Remove it: pulumi config rm ${problem.key.includes(".") ? `--path '${problem.key}'` : problem.key}.`;
    case "no-connection":
      return (
        "No connection is configured. Set the parts (pulumi config set host db.example.com; database, user; " +
        "pulumi config set --secret password), or all in one (pulumi config set --secret url postgres://…), " +
        "or the environment variables PGHOST, PGDATABASE, PGUSER and PGPASSWORD."
      );
  }
}
