/** How many names of a list are told before "and 37 more". */
export const MANY = 10;

/** The way out where a schema had its tables before it had a ledger. */
export const TAKE_OVER = "If these revisions are there already: pulumi config set baseline REVISION";

/** "a, b and c". */
export function list(items: readonly string[], word = "and"): string {
  if (items.length > MANY) return `${items.slice(0, MANY).join(", ")} ${word} ${items.length - MANY} more`;
  const last = items.at(-1) ?? "";
  return items.length < 2 ? last : `${items.slice(0, -1).join(", ")} ${word} ${last}`;
}

/** "a, b"; "a, b, … and 37 more". */
export function firstOf(items: readonly string[]): string {
  return items.length > MANY ? `${items.slice(0, MANY).join(", ")} and ${items.length - MANY} more` : items.join(", ");
}

/**
 * The command that accepts an edited revision beside those that the config accepts already.
 *
 * @param accepted their number
 */
export function acceptEdited(revision: string, accepted: number): string {
  // Bare digits would be stored as a number.
  const type = /^\d+$/.test(revision) ? " --type string" : "";
  const value = /^[\w.-]+$/.test(revision) ? revision : `'${revision.replaceAll("'", "'\\''")}'`;
  return `pulumi config set --path 'acceptEdited[${accepted}]' ${value}${type}`;
}

/** "1 step", "2 steps". */
export function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

/** `2026-11-22 19:44`, in UTC. */
export function minute(at: Date): string {
  return at.toISOString().slice(0, 16).replace("T", " ");
}

/** A name as SQL quotes it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A statement in one line of at most 60 characters. */
export function brief(sql: string): string {
  const line = sql.replaceAll(/\s+/g, " ");
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

/** A statement's first eight lines. */
export function excerpt(sql: string): string {
  const all = sql.split("\n");
  return all.length > EXCERPT_LINES ? [...all.slice(0, EXCERPT_LINES), "…"].join("\n") : sql;
}

const EXCERPT_LINES = 8;

/** Every line of a text, moved in. */
export function indent(text: string, by = "  "): string {
  return text.replaceAll(/^(?=.)/gm, by);
}
