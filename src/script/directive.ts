import type { Script } from "../history/revision.ts";
import { nearest } from "../nearest.ts";
import type { Problem } from "../problem.ts";
import { scanSync } from "./parser.ts";

const NO_TRANSACTION = "no-transaction";
const IRREVERSIBLE = "irreversible";

/** True where a comment of the script says `-- migrate:no-transaction`. */
export function asksNoTransaction(sql: string): boolean {
  return directive(sql, NO_TRANSACTION) !== undefined;
}

/** What a script's comment `-- migrate:irreversible REASON` says; undefined where it has none. */
export function irreversibleReason(sql: string): string | undefined {
  return directive(sql, IRREVERSIBLE);
}

/** The text behind a directive. */
function directive(sql: string, name: string): string | undefined {
  if (!sql.includes(`migrate:${name}`)) return undefined;
  const pattern = patternOf(name);
  return comments(sql)
    .map(({ text }) => pattern.exec(text)?.[1]?.trim())
    .find((found) => found !== undefined);
}

function patternOf(name: string): RegExp {
  return new RegExp(`^--\\s*migrate:${name}\\b[:\\s]*(.*)$`);
}

/**
 * Comments that look like a directive and are none of ours: mistyped, they would be passed over in silence; of dbmate and goose, both
 * halves of the file would run. The latter are told once a file.
 */
export function strangeDirectives({ file, sql, code }: Script): readonly Problem[] {
  if (code || !/migrate|goose/i.test(sql)) return [];
  const bytes = Buffer.from(sql, "utf8");
  const found = comments(sql).flatMap(({ text, start }) => {
    const strange = strangeness(text);
    if (!strange) return [];
    const before = bytes.subarray(0, start).toString("utf8");
    return [{ ...strange, file, line: before.split("\n").length, text }];
  });
  const foreign = found.find((each) => each.code === "foreign-directive");
  if (!foreign) return found;
  return [{ ...foreign, noTransaction: found.some(({ text }) => /transaction:\s*false|no\s+transaction/i.test(text)) }];
}

type Strangeness =
  | { readonly code: "foreign-directive"; readonly tool: "dbmate" | "goose"; readonly noTransaction: boolean }
  | { readonly code: "unknown-directive"; readonly meant: string | undefined };

function strangeness(comment: string): Strangeness | undefined {
  if (/^--\s*\+goose\b/i.test(comment)) return { code: "foreign-directive", tool: "goose", noTransaction: false };
  const name = /^--\s*migrate\s*:\s*(\S*)/i.exec(comment)?.[1]?.toLowerCase();
  if (name === undefined || OURS.some((pattern) => pattern.test(comment))) return undefined;
  if (name === "up" || name === "down") return { code: "foreign-directive", tool: "dbmate", noTransaction: false };
  return { code: "unknown-directive", meant: nearest(name, [NO_TRANSACTION, IRREVERSIBLE]) };
}

const OURS: readonly RegExp[] = [NO_TRANSACTION, IRREVERSIBLE].map(patternOf);

/** PostgreSQL's own scanner finds the comments: a string literal is none. Their places are in UTF-8 bytes. */
function comments(sql: string) {
  try {
    return scanSync(sql).tokens.filter(({ text }) => text.startsWith("--"));
  } catch {
    // What the scanner cannot read the parser refuses, and says better why.
    return [];
  }
}
