import type { Problem } from "../problem.ts";
import type { ParsedScript, Statement } from "./parse-script.ts";
import { type Node, parsePlPgSQLSync, parseSync } from "./parser.ts";
import { configured } from "./set-config.ts";

/**
 * What in a script would get out of the role that it runs as, or let others run as it: SET ROLE and its kin, also in a DO block
 * or the body of a function, and SECURITY DEFINER without a search path of its own. What a script puts together at run time
 * (EXECUTE, the name of a setting) is not seen.
 */
export function roleEscapes({ file, statements }: ParsedScript): readonly Problem[] {
  return statements.flatMap((statement): readonly Problem[] => {
    const { line, sql: text } = statement;
    const leaves = leavesRole(statement);
    return [
      ...(leaves ? [{ code: "leaves-role" as const, file, line, text }] : []),
      ...(definesUnbound(statement.node) ? [{ code: "unbound-definer" as const, file, line, text }] : []),
    ];
  });
}

const ROLE_SETTINGS: ReadonlySet<string> = new Set(["role", "session_authorization"]);

/** True for a statement that changes the session's role. */
export function leavesRole({ node, sql }: Pick<Statement, "node" | "sql">): boolean {
  return setsRole(node) || bodiesOf(node, sql).some((body) => statementsIn(body).some((each) => setsRole(each)));
}

/** Looks at the whole tree: a function's SET clause counts, and a set_config anywhere in a query. */
function setsRole(tree: unknown): boolean {
  if (typeof tree !== "object" || tree === null) return false;
  const node = tree as Node;
  if ("VariableSetStmt" in node && ROLE_SETTINGS.has(node.VariableSetStmt.name ?? "")) return true;
  if (ROLE_SETTINGS.has(configured(node) ?? "")) return true;
  // The view's rule is a set_config as well (manual 53.25).
  if ("UpdateStmt" in node && node.UpdateStmt.relation?.relname === "pg_settings") return true;
  return Object.values(tree).some(setsRole);
}

/** The SQL in a statement's DO block or function body: each statement of PL/pgSQL, or the whole of an SQL function. */
function bodiesOf(node: Node, sql: string): readonly string[] {
  const code = codeOf(node);
  if (code === undefined || !/role|session|set_config|pg_settings/i.test(code.text)) return [];
  if (code.language === "sql") return [code.text];
  if (code.language !== "plpgsql") return [];
  try {
    return queriesIn(parsePlPgSQLSync(sql));
  } catch {
    // The server says better what is wrong with it.
    return [];
  }
}

function codeOf(node: Node): { readonly language: string; readonly text: string } | undefined {
  const options =
    "DoStmt" in node ? node.DoStmt.args : "CreateFunctionStmt" in node ? node.CreateFunctionStmt.options : undefined;
  if (!options) return undefined;
  const code = { language: "DoStmt" in node ? "plpgsql" : "sql", text: "" };
  for (const option of options) {
    if (!("DefElem" in option)) continue;
    const { defname, arg } = option.DefElem;
    const [first] = arg && "List" in arg ? (arg.List.items ?? []) : [arg];
    const value = first && "String" in first ? (first.String.sval ?? "") : "";
    if (defname === "language") code.language = value.toLowerCase();
    if (defname === "as") code.text = value;
  }
  return code;
}

/** Every query in the parser's answer for PL/pgSQL, statements and expressions alike. */
function queriesIn(tree: unknown): readonly string[] {
  if (typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]) =>
    key === "query" && typeof value === "string" ? [value] : queriesIn(value),
  );
}

function statementsIn(body: string): readonly unknown[] {
  const [, ...assigned] = body.split(":=");
  for (const text of [body, `SELECT ${body}`, `SELECT ${assigned.join(":=")}`]) {
    try {
      return parseSync(text).stmts ?? [];
    } catch {
      // An expression is no statement, nor is an assignment; what is none of them is the server's to refuse.
    }
  }
  return [];
}

function definesUnbound(node: Node): boolean {
  const options =
    "CreateFunctionStmt" in node
      ? node.CreateFunctionStmt.options
      : "AlterFunctionStmt" in node
        ? node.AlterFunctionStmt.actions
        : undefined;
  const elements = (options ?? []).flatMap((option) => ("DefElem" in option ? [option.DefElem] : []));
  const definer = elements.some(
    ({ defname, arg }) => defname === "security" && arg && "Boolean" in arg && arg.Boolean.boolval === true,
  );
  const bound = elements.some(
    ({ arg }) =>
      arg &&
      "VariableSetStmt" in arg &&
      arg.VariableSetStmt.name === "search_path" &&
      (arg.VariableSetStmt.kind === "VAR_SET_VALUE" || arg.VariableSetStmt.kind === "VAR_SET_CURRENT"),
  );
  return definer && !bound;
}
