import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { disagreements, type MarkedRevision, markedHistory } from "../support/marked-history.ts";
import { up, wish } from "../support/migrate.ts";
import { ledgerRows } from "../support/objects.ts";
import { startProxy, type Proxy as TcpProxy } from "../support/proxy.ts";

const database = useDatabase();
const { connection, query } = database;
const revisions: readonly MarkedRevision[] = [
  { id: "0001_slow", kind: "transaction", sleep: 4 },
  { id: "0002_last", kind: "transaction" },
];

/** A run in which connections fall silent. What is silent stays so: only who gives it up gets on. */
async function goesOn(schema: string, silence: (proxy: TcpProxy) => Promise<void>): Promise<void> {
  await query(`CREATE SCHEMA ${schema}`);
  const proxy = await startProxy(connection);
  const silent = silence(proxy);
  const results = await up(proxy.connection, { [schema]: wish(markedHistory(revisions)) }, { concurrency: 1 });
  await silent;
  await proxy.close();
  // The step that nobody heard of was carried out; the ledger said so, and the run went on from there.
  expect(results).toMatchObject([{ to: "0002_last", problems: [] }]);
  expect(await disagreements(database, schema, revisions)).toEqual([]);
  expect(await ledgerRows(database, schema)).toEqual(["1 0001_slow applied", "2 0002_last applied"]);
}

const atCommit = { query: /0001_slow.*COMMIT/s, when: "after" } as const;

/** In the middle of a statement, when the watch has looked and has a session of its own. */
async function midway(schema: string): Promise<void> {
  const sql = `SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%"${schema}"%'`;
  while ((await query(sql)).length === 0) await sleep(50);
  await sleep(1_500);
}

describe.concurrent("a server that stops answering in every connection, and answers new ones after a while", () => {
  /** Longer than a server may be silent. */
  const outage = async (proxy: TcpProxy) => {
    proxy.freeze();
    await sleep(24_000);
    proxy.forget();
  };

  test("at COMMIT: is given up, and the run goes on from the ledger", () =>
    goesOn("server_at_commit", (proxy) => proxy.once(atCommit, proxy.freeze).then(() => outage(proxy))));

  test("in the middle of a statement, to the watch too: likewise", () =>
    goesOn("server_midway", (proxy) => midway("server_midway").then(() => outage(proxy))));
});

describe.concurrent("a connection that a firewall forgot, of a server that is well", () => {
  const forget = (proxy: TcpProxy) => {
    proxy.freeze();
    proxy.forget();
  };

  test("at COMMIT: is given up, and the run goes on from the ledger", () =>
    goesOn("forgotten_at_commit", (proxy) => proxy.once(atCommit, () => forget(proxy))));

  test("in the middle of a statement: likewise", () =>
    goesOn("forgotten_midway", (proxy) => midway("forgotten_midway").then(() => forget(proxy))));
});
