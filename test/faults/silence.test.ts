import { expect, inject, test } from "vitest";
import { problemText } from "../../src/problem-text.ts";
import { useDatabase } from "../support/database.ts";
import { disagreements, MARKED, markedHistory } from "../support/marked-history.ts";
import { migrate, up, wish } from "../support/migrate.ts";
import { startProxy } from "../support/proxy.ts";

const database = useDatabase();
const { connection, query } = database;

test("a server that stops answering inside a step is not waited for for ever, and the message says so", async () => {
  const proxy = await startProxy(inject("server"));
  await query("CREATE SCHEMA silent");
  const frozen = proxy.once({ query: /0002_second.*COMMIT/s, when: "after" }, proxy.freeze);
  const started = performance.now();
  const [result] = await up(
    { ...proxy.connection, database: connection.database },
    { silent: wish(markedHistory()) },
    { waitMs: 500, concurrency: 1 },
  );
  await frozen;
  expect(result?.problems.map(({ code }) => code)).toEqual(["connection-lost"]);
  expect(result?.problems.map(problemText).join()).toContain("the server stopped answering");
  expect(performance.now() - started).toBeLessThan(58_000);
  proxy.thaw();
  await proxy.close();
  // The step was carried out, and nobody could know it then.
  expect(await disagreements(database, "silent")).toEqual([]);
  await migrate(connection, "silent", markedHistory());
  expect(await query("SELECT revision FROM silent.migration_ledger ORDER BY position")).toEqual(
    MARKED.map(({ id }) => ({ revision: id })),
  );
});
