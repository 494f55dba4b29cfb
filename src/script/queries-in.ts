import type { Node } from "libpg-query";

/** The queries in a statement's WITH, and the one that a table is made of: they may delete. */
export function queriesIn(node: Node): readonly Node[] {
  const statement = Object.values(node)[0] as { readonly withClause?: { readonly ctes?: readonly Node[] } };
  const queries = (statement.withClause?.ctes ?? []).flatMap((cte) =>
    "CommonTableExpr" in cte ? [cte.CommonTableExpr.ctequery] : [],
  );
  const source = "CreateTableAsStmt" in node ? node.CreateTableAsStmt.query : undefined;
  return [...queries, source].filter((query) => query !== undefined);
}

/** A statement, and the queries in it: those of a WITH may change rows. */
export function withQueries(node: Node): readonly Node[] {
  return [node, ...queriesIn(node).flatMap(withQueries)];
}
