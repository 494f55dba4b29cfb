import { scanSync } from "./parser.ts";

/** True where a comment of the script says `-- migrate:no-transaction`. */
export function asksNoTransaction(sql: string): boolean {
  return directive(sql, "no-transaction") !== undefined;
}

/** What a script's comment `-- migrate:irreversible REASON` says; undefined where it has none. */
export function irreversibleReason(sql: string): string | undefined {
  return directive(sql, "irreversible");
}

/** The text behind a directive. PostgreSQL's own scanner finds the comments: a string literal is none. */
function directive(sql: string, name: string): string | undefined {
  if (!sql.includes(`migrate:${name}`)) return undefined;
  const pattern = new RegExp(`^--\\s*migrate:${name}\\b[:\\s]*(.*)$`);
  return scanSync(sql)
    .tokens.map(({ text }) => pattern.exec(text)?.[1]?.trim())
    .find((found) => found !== undefined);
}
