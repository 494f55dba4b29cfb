import type pg from "pg";
import type { MigrationClient } from "../history/migration.ts";
import { parseSync } from "../script/parser.ts";
import { leavesRole } from "../script/role-escape.ts";
import { discardsAll, resetsSearchPath, unlocksAll } from "../script/session-reset.ts";
import { transactionKind } from "../script/transaction.ts";
import { patiently } from "./database.ts";
import type { CodeMessage } from "./step-messages.ts";

/** Runs a migration in TypeScript in the step's session. */
export async function runCode(client: pg.ClientBase, schema: string, message: CodeMessage): Promise<void> {
  const { code, file, mode, asOwner } = message;
  let open = 0;
  let closed = false;
  const own: MigrationClient = {
    query: async (sql, values) => {
      // After the end the session is another step's, in another schema: what was left behind waits for ever. The step has
      // failed by then, and to throw here would end the process, since nobody is left to catch it.
      if (closed) return new Promise(() => {});
      refuseReset(sql, file);
      if (mode === "transaction") refuseControl(sql, file);
      if (asOwner) refuseEscape(sql, file);
      open += 1;
      try {
        return await client.query(patiently(sql, values));
      } finally {
        open -= 1;
      }
    },
  };
  try {
    await code(own, schema);
  } finally {
    closed = true;
  }
  if (open > 0) throw new Error(`${file} ended before its queries did: an await is missing in it`);
}

function refuseReset(sql: string, file: string): void {
  for (const { stmt } of parseSync(sql).stmts ?? []) {
    if (!stmt) continue;
    if (discardsAll(stmt)) throw new Error(`${file} must not discard its session, which holds the lock on the schema`);
    if (unlocksAll(stmt)) throw new Error(`${file} must not let go of all locks, that on the schema among them`);
    if (resetsSearchPath(stmt)) throw new Error(`${file} must not reset its search path, which leads to the schema`);
  }
}

/** A COMMIT in between would leave the step half applied if it fails later. */
function refuseControl(sql: string, file: string): void {
  const control = (parseSync(sql).stmts ?? []).some(({ stmt }) => stmt && transactionKind(stmt) === "control");
  if (!control) return;
  throw new Error(
    `${file} runs in a transaction and must not end or begin one; for that, export const transaction = false`,
  );
}

function refuseEscape(sql: string, file: string): void {
  const leaves = (parseSync(sql).stmts ?? []).some(({ stmt }) => stmt && leavesRole({ node: stmt, sql }));
  if (leaves) throw new Error(`${file} runs as the schema's owner and must not change its role`);
}
