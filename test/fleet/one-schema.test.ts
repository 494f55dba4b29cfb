import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { up, wish } from "../support/migrate.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { query, connection } = database;
const tenant = useRole(database);

test("a schema whose ledger may not be read is that schema's problem", async () => {
  await query(
    `CREATE SCHEMA mine AUTHORIZATION ${tenant.user}; CREATE SCHEMA closed; GRANT USAGE ON SCHEMA closed TO ${tenant.user}`,
  );
  const plain = historyOf({ "0001_a": "CREATE TABLE a (id int)" });
  await up(connection, { closed: wish(plain) });
  const results = await up(
    { ...connection, ...tenant },
    { mine: wish(plain), closed: wish(plain) },
    { concurrency: 1 },
  );
  expect(results).toMatchObject([
    { schema: "mine", to: "0001_a", problems: [] },
    { schema: "closed", problems: [{ code: expect.any(String) }] },
  ]);
});

test("a session that ends while it waits for another run is that schema's problem", async () => {
  await query("CREATE SCHEMA waits");
  const slow = historyOf({ "0001_a": "SELECT pg_sleep(3)" });
  const first = up(connection, { waits: wish(slow) });
  await expect
    .poll(() =>
      query("SELECT 1 AS x FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"),
    )
    .toHaveLength(1);
  const second = up(
    connection,
    { waits: wish(slow) },
    {
      onWait: () =>
        void query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle'
          AND application_name = 'pulumi-schema-migrations'`,
        ),
    },
  );
  expect(await second).toMatchObject([{ schema: "waits", problems: [{ code: expect.any(String) }] }]);
  await first;
});
