import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { startFleet } from "../support/fleet.ts";
import { type MarkedRevision, markedScripts } from "../support/marked-history.ts";
import { sleeping } from "../support/own-server.ts";
import { advisoryLocks } from "../support/sessions.ts";

const database = useDatabase();
const revisions: readonly MarkedRevision[] = [{ id: "0001_long", kind: "transaction", sleep: 20 }];

test("no lock outlives its process, also not one that was killed inside a long statement", async () => {
  await database.query("CREATE SCHEMA outlives");
  const run = startFleet({
    connection: database.connection,
    scripts: markedScripts(revisions),
    targets: { outlives: "head" },
    concurrency: 1,
    waitMs: 1_000,
  });
  await sleeping(database);
  await run.kill();
  await expect.poll(() => advisoryLocks(database), { timeout: 8_000 }).toBe(0);
});
