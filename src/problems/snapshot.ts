import type { Problem } from "../problem.ts";
import { indent } from "./wording.ts";

/** The snapshot: why the history is replayed in its place, and why none is made. */
export type SnapshotProblem =
  | ({ readonly code: "snapshot-unused"; readonly file: string } & (
      | { readonly why: "missing" | "unreadable" }
      | { readonly why: "stale"; readonly revision: string }
      | { readonly why: "other-server"; readonly made: number; readonly here: number }
      | { readonly why: "failed"; readonly schema: string; readonly problem: Problem }
    ))
  | { readonly code: "snapshot-refused"; readonly why: SnapshotRefusal; readonly what: readonly string[] };

/** Why a history has no snapshot that is proven equal. */
export type SnapshotRefusal = "no-revision" | "typescript" | "data" | "outside" | "uncompared" | "named" | "differs";

/** The words of a {@link SnapshotProblem}; `textOf` has those of the problem that led to it. */
export function snapshotText(problem: SnapshotProblem, textOf: (problem: Problem) => string): string {
  switch (problem.code) {
    case "snapshot-unused":
      return snapshotUnused(problem, textOf);
    case "snapshot-refused":
      return `No snapshot: ${SNAPSHOT_REFUSALS[problem.why]}\n${indent(problem.what.join("\n"))}`.trimEnd();
  }
}

function snapshotUnused(
  problem: Extract<SnapshotProblem, { code: "snapshot-unused" }>,
  textOf: (problem: Problem) => string,
): string {
  const { file } = problem;
  const anew = "New schemas replay the history. Make it anew: npm run snapshot.";
  switch (problem.why) {
    case "missing":
      return `The config asks for a snapshot, and there is no ${file}. New schemas replay the history. Make it: npm run snapshot.`;
    case "unreadable":
      return `${file}: its heading is not one that npm run snapshot writes. ${anew}`;
    case "stale":
      return `${file} stands for the history up to ${problem.revision}, in which something was edited, added or removed since. ${anew}`;
    case "other-server":
      return (
        `${file} was proven on PostgreSQL ${problem.made}, and this server is ${problem.here}. New schemas replay the history. ` +
        "Make it on a server like this one: npm run snapshot -- --stack STACK."
      );
    case "failed":
      return (
        `Schema "${problem.schema}" was not made from ${file}, and replays the history, as the schemas after it do:\n` +
        indent(textOf(problem.problem))
      );
  }
}

const SNAPSHOT_REFUSALS: Readonly<Record<SnapshotRefusal, string>> = {
  "no-revision": "the history is empty.",
  typescript: "what these migrations do, only running them can tell.",
  data: "the scripts leave data, which a structure does not hold. Where that is meant, new schemas have to replay the history.",
  outside:
    "the scripts change what is outside of their schema. Where it is there already, in the database of a stack, make the snapshot on " +
    "that one's server: npm run snapshot -- --stack STACK.",
  uncompared: "these are of kinds that are not compared.",
  named: "these statements name the schema itself, and would do so in all others.",
  differs: "what pg_dump writes makes another structure (+) than the scripts do (-).",
};
