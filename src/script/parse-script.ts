import type { Migration } from "../history/migration.ts";
import type { Script } from "../history/revision.ts";
import { Refusal } from "../problem.ts";
import { asksNoTransaction } from "./directive.ts";
import { changesLedger, LEDGER } from "./ledger-writes.ts";
import { hasSqlDetails, type Node, parseSync } from "./parser.ts";
import { partOfPsql, readsFromPsql } from "./psql.ts";
import { discardsAll, resetsSearchPath, unlocksAll } from "./session-reset.ts";
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
  /** What runs instead, where the script is TypeScript. */
  readonly code?: Migration | undefined;
}

/**
 * Parses a script and decides how it runs. Outside a transaction go: a script that says `-- migrate:no-transaction`, one
 * whose revision says so (diesel's metadata.toml), and one all of whose statements PostgreSQL refuses in a transaction.
 *
 * @param transaction false where the revision itself asks for no transaction
 * @throws Refusal syntax-error, transaction-control, discards-session, resets-path, unlocks-all, copies-from-psql,
 * changes-ledger or mixed-transaction, with file and line
 */
export function parseScript(script: Script, transaction = true): ParsedScript {
  const known = parsed[transaction ? "transaction" : "autocommit"];
  const result = known.get(script) ?? parseAnew(script, transaction);
  known.set(script, result);
  return result;
}

/** A thousand schemas run the same scripts: each is parsed once. */
const parsed = { transaction: new WeakMap<Script, ParsedScript>(), autocommit: new WeakMap<Script, ParsedScript>() };

function parseAnew(script: Script, transaction: boolean): ParsedScript {
  if (script.code) {
    const mode = transaction ? "transaction" : "autocommit";
    return { file: script.file, mode, statements: [], sql: "", code: script.code };
  }
  const all = statementsOf(script);
  const asked = !transaction || asksNoTransaction(script.sql);
  // Asked to run outside a transaction, a BEGIN of its own would be lost in silence: it is refused below.
  const wrapped = !asked && isWrapped(all);
  const statements = wrapped ? all.slice(1, -1) : all;
  const [first, last] = [all[0], all.at(-1)];
  const sql = wrapped && first && last ? blank(blank(script.sql, first), last) : script.sql;

  const forbidding = statements.filter((statement) => forbidsTransaction(statement.node));
  const outside = asked || (!wrapped && statements.length > 0 && forbidding.length === statements.length);

  // Only where the text has the word: to look through each statement's whole tree takes as long as to parse it.
  const mayUnlock = /unlock_all/i.test(script.sql);
  const namesLedger = new RegExp(LEDGER, "i").test(script.sql);
  for (const statement of statements) {
    const kind = transactionKind(statement.node);
    if (kind === "control" || (kind === "savepoint" && outside)) {
      const { line, sql: text } = statement;
      throw new Refusal([{ code: "transaction-control", file: script.file, line, text, outside }]);
    }
    if (discardsAll(statement.node)) refuse("discards-session", script, statement);
    if (mayUnlock && unlocksAll(statement.node)) refuse("unlocks-all", script, statement);
    if (readsFromPsql(statement.node)) refuse("copies-from-psql", script, statement);
    if (namesLedger && changesLedger(statement.node)) refuse("changes-ledger", script, statement);
    // At the end nothing comes behind it.
    if (resetsSearchPath(statement.node) && statement !== statements.at(-1)) refuse("resets-path", script, statement);
  }
  if (!outside && forbidding[0]) {
    const [{ line, sql: text }] = [forbidding[0]];
    throw new Refusal([{ code: "mixed-transaction", file: script.file, line, text, wrapped }]);
  }
  return { file: script.file, mode: outside ? "autocommit" : "transaction", statements, sql };
}

function statementsOf(script: Script): readonly Statement[] {
  if (script.sql === "") return [];
  const bytes = Buffer.from(script.sql, "utf8");
  // Statements come in order, so each is counted on from the one before.
  let [byte, start, line] = [0, 0, 1];
  return parse(script).map(({ stmt, stmt_location = 0, stmt_len }) => {
    // The parser counts UTF-8 bytes; a length of 0 means "to the end".
    const sql = bytes.subarray(stmt_location, stmt_len ? stmt_location + stmt_len : undefined).toString("utf8");
    const before = bytes.subarray(byte, stmt_location).toString("utf8");
    [byte, start, line] = [stmt_location, start + before.length, line + lineAt(before, before.length) - 1];
    return { sql: sql.trimEnd(), line, start, node: stmt as Node };
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
        column: [...script.sql.slice(lineStart, at)].length + 1,
        detail: error.message,
        text: script.sql.slice(lineStart, lineEnd < 0 ? undefined : lineEnd),
        psql: partOfPsql(script.sql, at),
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

function refuse(
  code: "discards-session" | "resets-path" | "unlocks-all" | "copies-from-psql" | "changes-ledger",
  { file }: Script,
  { line, sql: text }: Statement,
): never {
  throw new Refusal([{ code, file, line, text }]);
}
