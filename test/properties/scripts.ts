import { type File, outsideTransaction } from "./model.ts";

/** The id of a file's revision. */
export function idOf(number: number): string {
  return `${number}`.padStart(4, "0").concat("_r");
}

/**
 * The up script: in a transaction, a table whose column tells the text that ran, and a line in the journal, which would show
 * a script that ran twice; outside of one, an index whose predicate tells it. Text 0 fails at its end.
 */
export function upScript({ number, up }: Pick<File, "number" | "up">): string {
  const id = idOf(number);
  if (outsideTransaction({ number })) {
    // Text 0 finds two rows that are the same to it, and leaves an INVALID index.
    const [unique, column] = up === 0 ? ["UNIQUE ", "same"] : ["", "id"];
    return `CREATE ${unique}INDEX CONCURRENTLY "${id}" ON ground (${column}) WHERE id > ${up};\n`;
  }
  const failure = up === 0 ? "SELECT 1 / 0;\n" : "";
  return `CREATE TABLE "${id}" (text_${up} int);\n${journal(`up ${number} ${up}`)}${failure}`;
}

/** The way back, whatever text went up. */
export function downScript(number: number, text: number): string {
  const id = idOf(number);
  if (outsideTransaction({ number })) return `-- ${text}\nDROP INDEX CONCURRENTLY "${id}";\n`;
  return `DROP TABLE "${id}";\n${journal(`down ${number} ${text}`)}`;
}

/** The schema's own search path decides whose journal it is. */
function journal(line: string): string {
  return `INSERT INTO journal (line) VALUES ('${line}');\n`;
}

/** What a schema holds before its first migration: what the scripts write to. */
export const GROUND =
  "CREATE TABLE ground (id int, same int); INSERT INTO ground VALUES (10, 1), (20, 1);" +
  "CREATE TABLE journal (at int GENERATED ALWAYS AS IDENTITY, line text);";
