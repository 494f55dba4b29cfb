import type { Node } from "libpg-query";

/** True for COPY … FROM stdin: its rows stand behind it in the file, and only psql takes them from there. */
export function readsFromPsql(node: Node): boolean {
  if (!("CopyStmt" in node)) return false;
  const { is_from, filename, is_program } = node.CopyStmt;
  return is_from === true && filename === undefined && is_program !== true;
}

/** What of psql's own a syntax error is at: one of its commands, or the rows of a COPY. */
export function partOfPsql(sql: string, at: number): "command" | "rows" | undefined {
  if (/\bcopy\b[^;]*\bfrom\s+stdin\b[^;]*;[^;]*$/i.test(sql.slice(0, at))) return "rows";
  const line = sql.slice(sql.lastIndexOf("\n", at - 1) + 1);
  return sql[at] === "\\" || /^\s*\\/.test(line) ? "command" : undefined;
}
