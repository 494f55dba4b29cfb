import type pg from "pg";
import type { MigrationClient } from "../history/migration.ts";
import { parseSync } from "../script/parser.ts";
import { transactionKind } from "../script/transaction.ts";
import { patiently } from "./connection.ts";
import type { CodeMessage } from "./step-messages.ts";

/** Runs a migration in TypeScript in the step's session. */
export async function runCode(client: pg.ClientBase, schema: string, { code, file, mode }: CodeMessage): Promise<void> {
  const own: MigrationClient = {
    query: async (sql, values) => {
      if (mode === "transaction") refuseControl(sql, file);
      return client.query(patiently(sql, values));
    },
  };
  await code(own, schema);
}

/** A COMMIT in between would leave the step half applied if it fails later. */
function refuseControl(sql: string, file: string): void {
  const control = (parseSync(sql).stmts ?? []).some(({ stmt }) => stmt && transactionKind(stmt) === "control");
  if (!control) return;
  throw new Error(
    `${file} runs in a transaction and must not end or begin one; for that, export const transaction = false`,
  );
}
