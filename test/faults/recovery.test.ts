import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { problemText } from "../../src/problem-text.ts";
import { withEmbeddedPostgres } from "../../toolchain/embedded-postgres.ts";
import { historyOf } from "../support/history.ts";
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

test("a step that takes the server down is not run again and again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "crash-"));
  const file = join(folder, "runs");
  // The server may be another user.
  chmodSync(folder, 0o777);
  await withEmbeddedPostgres(async (server) => {
    const database = databaseOn(server);
    await database.query("CREATE SCHEMA crashes; CREATE SCHEMA behind");
    // As the kernel does where memory runs out.
    const history = historyOf({
      "0001_users": "CREATE TABLE users (id int)",
      "0002_crash": `COPY (SELECT 1) TO PROGRAM 'echo run >> ${file}; kill -9 $PPID; sleep 1'`,
    });
    const results = await up(
      database.connection,
      { crashes: wish(history), behind: wish(history) },
      { concurrency: 1, onFailure: "continue" },
    );
    expect(readFileSync(file, "utf8")).toBe("run\n".repeat(3));
    expect(results.map(({ schema }) => schema)).toEqual(["crashes"]);
    expect(results.flatMap(({ problems }) => problems.map(problemText)).join("\n")).toContain(
      'Schema "crashes": the connection was lost during 0002_crash',
    );
  });
  rmSync(folder, { recursive: true });
});
