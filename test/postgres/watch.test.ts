import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Migration } from "../../src/history/migration.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { up, wish } from "../support/migrate.ts";
import { pgBouncer, withPgBouncer } from "../support/pgbouncer.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { query } = database;
const tenant = useRole(database);
const [deployer, owner] = [useRole(database), useRole(database)];

test.concurrent("a slow step is not given up where the server has no session left for the watch", async () => {
  await query(`CREATE SCHEMA slow AUTHORIZATION ${tenant.user}; ALTER ROLE ${tenant.user} CONNECTION LIMIT 1`);
  const results = await up(
    { ...database.connection, ...tenant },
    { slow: wish(historyOf({ "0001_slow": "SELECT pg_sleep(25)" })) },
    { concurrency: 1, waitMs: 100 },
  );
  expect(results).toMatchObject([{ schema: "slow", to: "0001_slow", problems: [] }]);
});

test.concurrent("nor is one of a role all of whose sessions begin as another one", async () => {
  await query(`GRANT ${owner.user} TO ${deployer.user}; ALTER ROLE ${deployer.user} SET role = '${owner.user}'`);
  await query(`CREATE SCHEMA becomes AUTHORIZATION ${owner.user}`);
  const slow = wish(historyOf({ "0001_slow": "CREATE TABLE a (id int); SELECT pg_sleep(25)" }));
  const results = await up({ ...database.connection, ...deployer }, { becomes: slow }, { concurrency: 1 });
  expect(results).toMatchObject([{ schema: "becomes", to: "0001_slow", problems: [] }]);
  expect(
    await query("SELECT tableowner AS owner FROM pg_tables WHERE schemaname = 'becomes' AND tablename = 'a'"),
  ).toEqual([{ owner: owner.user }]);
});

test.concurrent("a migration in TypeScript is not given up while it does something else than ask the server", async () => {
  await query("CREATE SCHEMA pauses");
  const code: Migration = async (client) => {
    await client.query("CREATE TABLE a (id int)");
    await sleep(25_000);
    await client.query("CREATE TABLE b (id int)");
  };
  const [revision] = historyOf({ "0001_pauses": "-- code" });
  if (!revision?.up) throw new Error("no revision");
  const history = [{ ...revision, up: { ...revision.up, code } }];
  const results = await up(database.connection, { pauses: wish(history) }, { concurrency: 1 });
  expect(results).toMatchObject([{ schema: "pauses", to: "0001_pauses", problems: [] }]);
});

const found = pgBouncer === undefined ? " (skipped: no pgbouncer on this machine)" : "";

test
  .skipIf(pgBouncer === undefined)
  .concurrent(
    `nor is a slow step whose session is known to its pooler, in session mode, by another number${found}`,
    async () => {
      await query("CREATE SCHEMA pooled");
      const slow = wish(historyOf({ "0001_slow": "SELECT pg_sleep(25)" }));
      const results = await withPgBouncer(database.connection, "session", (pooled) =>
        up(pooled, { pooled: slow }, { concurrency: 1 }),
      );
      expect(results).toMatchObject([{ schema: "pooled", to: "0001_slow", problems: [] }]);
    },
  );
