import type { Node } from "libpg-query";
import { withQueries } from "./queries-in.ts";
import { targetsOf } from "./targets.ts";

/** The ledger's table, in each schema. */
export const LEDGER = "migration_ledger";

/** True for a statement that changes a ledger or its rows, in whatever schema. To read one is fine; a DO block is not looked into. */
export function changesLedger(node: Node): boolean {
  if ("GrantStmt" in node || "CommentStmt" in node) return false;
  return withQueries(node).some((each) => targetsOf(each).some((name) => name.at(-1) === LEDGER));
}
