import type pg from "pg";
import { frameIn } from "../history/frame.ts";
import type { MigrationClient } from "../history/migration.ts";
import { changesLedger } from "../script/ledger-writes.ts";
import { type Node, parseSync } from "../script/parser.ts";
import { leavesRole } from "../script/role-escape.ts";
import { discardsAll, resetsSearchPath, unlocksAll } from "../script/session-reset.ts";
import { transactionKind } from "../script/transaction.ts";
import { patiently } from "./database.ts";
import { messageOf } from "./server-error.ts";
import type { CodeMessage } from "./step-messages.ts";

/** What a migration in TypeScript failed with, and where in it. */
export class CodeFailure extends Error {
  readonly original: Error;
  /** In its own file; undefined where the error came from elsewhere. */
  readonly line: number | undefined;
  /** The query that failed, where it was one. */
  readonly statement: string | undefined;

  constructor(original: Error, line: number | undefined, statement: string | undefined) {
    super(messageOf(original));
    this.original = original;
    this.line = line;
    this.statement = statement;
  }
}

/**
 * Runs a migration in TypeScript in the step's session.
 *
 * @throws CodeFailure
 */
export async function runCode(client: pg.ClientBase, schema: string, message: CodeMessage): Promise<void> {
  const { code, file, mode, asOwner } = message;
  let open = 0;
  let closed = false;
  const failures = new WeakMap<Error, { readonly sql: string; readonly stack: string | undefined }>();
  const own: MigrationClient = {
    query: async (sql, values) => {
      // After the end the session is another step's, in another schema: what was left behind waits for ever. The step has
      // failed by then, and to throw here would end the process, since nobody is left to catch it.
      if (closed) return new Promise(() => {});
      // An error of the server's is made when its answer comes, with nothing of the migration below it.
      const { stack } = new Error();
      open += 1;
      try {
        const nodes = (parseSync(sql).stmts ?? []).flatMap(({ stmt }) => stmt ?? []);
        refuseOurs(nodes, file);
        if (mode === "transaction") refuseControl(nodes, file);
        if (asOwner) refuseEscape(nodes, sql, file);
        return await client.query(patiently(sql, values));
      } catch (error) {
        if (error instanceof Error) failures.set(error, { sql, stack });
        throw error;
      } finally {
        open -= 1;
      }
    },
  };
  try {
    await code(own, schema);
  } catch (error) {
    const thrown = error instanceof Error ? error : new Error(String(error ?? "no reason given"));
    const query = failures.get(thrown);
    throw new CodeFailure(thrown, frameIn(file, query?.stack ?? thrown.stack)?.line, query?.sql);
  } finally {
    closed = true;
  }
  if (open > 0) throw new Error(`${file} ended before its queries did: an await is missing in it`);
}

/** What is not the script's: the session that it is lent, and the ledger. */
function refuseOurs(nodes: readonly Node[], file: string): void {
  if (nodes.some(discardsAll))
    throw new Error(`${file} must not discard its session, which holds the lock on the schema`);
  if (nodes.some(unlocksAll)) throw new Error(`${file} must not let go of all locks, that on the schema among them`);
  if (nodes.some(resetsSearchPath))
    throw new Error(`${file} must not reset its search path, which leads to the schema`);
  if (nodes.some(changesLedger)) throw new Error(`${file} must not change the ledger, which says what is applied`);
}

/** A COMMIT in between would leave the step half applied if it fails later. */
function refuseControl(nodes: readonly Node[], file: string): void {
  if (!nodes.some((node) => transactionKind(node) === "control")) return;
  throw new Error(
    `${file} runs in a transaction and must not end or begin one; for that, export const transaction = false`,
  );
}

function refuseEscape(nodes: readonly Node[], sql: string, file: string): void {
  const leaves = nodes.some((node) => leavesRole({ node, sql }));
  if (leaves) throw new Error(`${file} runs as the schema's owner and must not change its role`);
}
