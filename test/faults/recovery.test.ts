import { expect, test } from "vitest";
import { withEmbeddedPostgres } from "../../toolchain/embedded-postgres.ts";
import { markedHistory } from "../support/marked-history.ts";
import { up, wish } from "../support/migrate.ts";
import { databaseOn } from "../support/own-server.ts";
import { startProxy } from "../support/proxy.ts";

test("a server that recovers from a crash for some seconds is waited for, and the run goes on", async () => {
  const settings = { max_wal_size: "8GB", checkpoint_timeout: "1h" };
  await withEmbeddedPostgres(
    async (server) => {
      const database = databaseOn(server);
      const proxy = await startProxy(database.connection);
      await database.query("CREATE SCHEMA recovers");
      await database.query("CREATE TABLE fill AS SELECT i, repeat('x', 200) AS t FROM generate_series(1, 3000000) i");
      let restarted: Promise<void> = Promise.resolve();
      void proxy.once({ query: /0002_second.*COMMIT/s, when: "before" }, (cut) => {
        // Not waited for: it answers "the database system is starting up" meanwhile. And its last words are not heard.
        restarted = server.restart();
        cut();
      });
      const results = await up(proxy.connection, { recovers: wish(markedHistory()) });
      await restarted;
      await proxy.close();
      expect(results).toMatchObject([{ to: "0004_last", problems: [] }]);
    },
    { settings },
  );
});

test("a schema whose turn comes while the server is away is waited for as well", async () => {
  await withEmbeddedPostgres(async (server) => {
    const database = databaseOn(server);
    await database.query("CREATE SCHEMA late");
    const restarted = server.restart();
    // At its first sign-in: nothing of it was lost, since nothing of it had begun.
    const results = await up(database.connection, { late: wish(markedHistory()) });
    await restarted;
    expect(results).toMatchObject([{ to: "0004_last", problems: [] }]);
  });
});
