import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { up, wish } from "../support/migrate.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const tenant = useRole(database);

test("a slow step is not given up where the server has no session left for the watch", async () => {
  await database.query(`CREATE SCHEMA slow AUTHORIZATION ${tenant.user}; ALTER ROLE ${tenant.user} CONNECTION LIMIT 1`);
  const results = await up(
    { ...database.connection, ...tenant },
    { slow: wish(historyOf({ "0001_slow": "SELECT pg_sleep(25)" })) },
    { concurrency: 1, waitMs: 100 },
  );
  expect(results).toMatchObject([{ schema: "slow", to: "0001_slow", problems: [] }]);
});
