import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { migrate, problemsOf } from "../support/migrate.ts";
import { ledgerRows, objectsOf } from "../support/objects.ts";

const database = useDatabase();
const { connection, query } = database;

// Scripts are parsed as PostgreSQL 18 does. `npm run test:matrix` runs this on older servers too.
test("syntax that is newer than the server fails in its step, of which nothing remains", async () => {
  await query("CREATE SCHEMA newer");
  const history = historyOf({
    "0001_first": "CREATE TABLE first (a int)",
    "0002_virtual": "CREATE TABLE second (a int, b int GENERATED ALWAYS AS (a + 1) VIRTUAL)",
  });
  const [server] = await query<{ major: number }>("SELECT current_setting('server_version_num')::int / 10000 AS major");
  if (server && server.major >= 18) {
    expect(await migrate(connection, "newer", history)).toHaveLength(2);
    return;
  }
  expect(await problemsOf(migrate(connection, "newer", history))).toMatchObject([
    { code: "step-failed", revision: "0002_virtual", at: "0001_first", line: 1, error: { sqlstate: "42601" } },
  ]);
  expect(await ledgerRows(database, "newer")).toEqual(["1 0001_first applied"]);
  expect(await objectsOf(database, "newer")).toEqual(["column first.a integer", "table first"]);
});
