import { hasSqlDetails, loadModule, type Node, parseSync, scanSync } from "libpg-query";
import type { Script } from "../history/revision.ts";
import { Refusal } from "../problem.ts";
import { forbidsTransaction, transactionKind } from "./transaction.ts";

/** One statement of a script, cut out by PostgreSQL's own parser. */
export interface Statement {
  /** Without comments before it and the semicolon behind it. */
  readonly sql: string;
  /** Line in the file, from 1. */
  readonly line: number;
  /** Index of its first character in the script's text. */
  readonly start: number;
  readonly node: Node;
}

/** A script, understood. */
export interface ParsedScript {
  readonly file: string;
  /** `transaction`: the whole text runs in ours. `autocommit`: statement by statement, outside any transaction. */
  readonly mode: "transaction" | "autocommit";
  readonly statements: readonly Statement[];
  /** The text that runs: a BEGIN … COMMIT around the whole is blanked out, so that positions and lines stay. */
  readonly sql: string;
}

await loadModule();

/**
 * Parses a script and decides how it runs. Outside a transaction go: a script that says `-- migrate:no-transaction`, one
 * whose revision says so (diesel's metadata.toml), and one all of whose statements PostgreSQL refuses in a transaction.
 *
 * @param transaction false where the revision itself asks for no transaction
 * @throws Refusal syntax-error, transaction-control or mixed-transaction, with file and line
 */
export function parseScript(script: Script, transaction = true): ParsedScript {
  const all = statementsOf(script);
  const wrapped = isWrapped(all);
  const statements = wrapped ? all.slice(1, -1) : all;
  const [first, last] = [all[0], all.at(-1)];
  const sql = wrapped && first && last ? blank(blank(script.sql, first), last) : script.sql;

  const asked = !transaction || hasDirective(script.sql);
  const forbidding = statements.filter((statement) => forbidsTransaction(statement.node));
  const outside = asked || (!wrapped && statements.length > 0 && forbidding.length === statements.length);

  for (const statement of statements) {
    const kind = transactionKind(statement.node);
    if (kind === "control" || (kind === "savepoint" && outside)) refuse("transaction-control", script, statement);
  }
  if (!outside && forbidding[0]) refuse("mixed-transaction", script, forbidding[0]);
  return { file: script.file, mode: outside ? "autocommit" : "transaction", statements, sql };
}

function statementsOf(script: Script): readonly Statement[] {
  if (script.sql === "") return [];
  const bytes = Buffer.from(script.sql, "utf8");
  return parse(script).map(({ stmt, stmt_location = 0, stmt_len }) => {
    // The parser counts UTF-8 bytes; a length of 0 means "to the end".
    const sql = bytes.subarray(stmt_location, stmt_len ? stmt_location + stmt_len : undefined).toString("utf8");
    const start = bytes.subarray(0, stmt_location).toString("utf8").length;
    return { sql: sql.trimEnd(), line: lineAt(script.sql, start), start, node: stmt as Node };
  });
}

function parse(script: Script) {
  try {
    return parseSync(script.sql).stmts ?? [];
  } catch (error) {
    if (!hasSqlDetails(error)) throw error;
    // The position is in code points; JavaScript counts UTF-16 units.
    const at = [...script.sql].slice(0, error.sqlDetails?.cursorPosition ?? 0).join("").length;
    const lineStart = script.sql.lastIndexOf("\n", at - 1) + 1;
    const lineEnd = script.sql.indexOf("\n", lineStart);
    throw new Refusal([
      {
        code: "syntax-error",
        file: script.file,
        line: lineAt(script.sql, at),
        column: at - lineStart + 1,
        detail: error.message,
        text: script.sql.slice(lineStart, lineEnd < 0 ? undefined : lineEnd),
      },
    ]);
  }
}

/** Line of a character, from 1. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

function isWrapped(statements: readonly Statement[]): boolean {
  const [first, last] = [statements[0], statements.at(-1)];
  if (!first || !last || first === last) return false;
  return transactionKind(first.node) === "control" && isPlain(first, "TRANS_STMT_BEGIN", "TRANS_STMT_START")
    ? isPlain(last, "TRANS_STMT_COMMIT")
    : false;
}

/** A BEGIN or COMMIT without options: an isolation level or AND CHAIN would be lost with the wrapper. */
function isPlain(statement: Statement, ...kinds: readonly string[]): boolean {
  if (!("TransactionStmt" in statement.node)) return false;
  const { kind, options, chain } = statement.node.TransactionStmt;
  return kind !== undefined && kinds.includes(kind) && !options && !chain;
}

function blank(text: string, { start, sql }: Statement): string {
  const semicolon = text[start + sql.length] === ";" ? 1 : 0;
  const length = sql.length + semicolon;
  return (
    text.slice(0, start) + sql.replaceAll(/[^\n]/g, " ") + " ".repeat(length - sql.length) + text.slice(start + length)
  );
}

function hasDirective(sql: string): boolean {
  if (!sql.includes("migrate:no-transaction")) return false;
  const comments = scanSync(sql).tokens.filter(({ tokenName }) => tokenName === "SQL_COMMENT");
  return comments.some(({ text }) => /^--\s*migrate:no-transaction\b/.test(text));
}

function refuse(code: "transaction-control" | "mixed-transaction", script: Script, statement: Statement): never {
  throw new Refusal([{ code, file: script.file, line: statement.line, text: statement.sql }]);
}
