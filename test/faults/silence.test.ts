import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { disagreements, MARKED, markedHistory } from "../support/marked-history.ts";
import { up, wish } from "../support/migrate.ts";
import { ledgerRows } from "../support/objects.ts";
import { startProxy } from "../support/proxy.ts";

const database = useDatabase();

/** Longer than a server may be silent. What is frozen stays so: only who gives it up gets on. */
const OUTAGE_MS = 24_000;

test("a server that stops answering is given up, and when it answers again the run goes on from the ledger", async () => {
  await database.query("CREATE SCHEMA silent");
  const proxy = await startProxy(database.connection);
  const outage = proxy
    .once({ query: /0002_second.*COMMIT/s, when: "after" }, proxy.freeze)
    .then(() => sleep(OUTAGE_MS).then(proxy.forget));
  const results = await up(proxy.connection, { silent: wish(markedHistory()) }, { concurrency: 1 });
  await outage;
  await proxy.close();
  expect(results).toMatchObject([{ to: "0004_last", problems: [] }]);
  expect(await disagreements(database, "silent")).toEqual([]);
  expect(await ledgerRows(database, "silent")).toEqual(MARKED.map(({ id }, index) => `${index + 1} ${id} applied`));
});
