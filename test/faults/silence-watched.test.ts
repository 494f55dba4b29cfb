import { setTimeout as sleep } from "node:timers/promises";
import { expect, inject, test } from "vitest";
import { problemText } from "../../src/problem-text.ts";
import { useDatabase } from "../support/database.ts";
import { disagreements, type MarkedRevision, markedHistory } from "../support/marked-history.ts";
import { up, wish } from "../support/migrate.ts";
import { startProxy } from "../support/proxy.ts";

const database = useDatabase();
const { connection, query } = database;

test("a server that stops answering is not waited for for ever where the watch itself is left without an answer", async () => {
  const proxy = await startProxy(inject("server"));
  await query("CREATE SCHEMA watched");
  const slow: readonly MarkedRevision[] = [{ id: "0001_slow", kind: "transaction", sleep: 4 }];
  const running = up(
    { ...proxy.connection, database: connection.database },
    { watched: wish(markedHistory(slow)) },
    { waitMs: 500, concurrency: 1 },
  );
  // By then the watch has looked, and has a session of its own.
  await sleep(2_500);
  proxy.freeze();
  const [result] = (await Promise.race([running, sleep(110_000)])) ?? [];
  proxy.thaw();
  await proxy.close();
  await running;
  expect(result?.problems.map(problemText).join()).toContain("the server stopped answering");
  expect(await disagreements(database, "watched", slow)).toEqual([]);
});
