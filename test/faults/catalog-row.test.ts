import { expect, test } from "vitest";
import { APPLICATION_NAME } from "../../src/postgres/database.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { SETTINGS, up, wish, withSession } from "../support/migrate.ts";
import { events } from "../support/objects.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { connection, query } = database;
const { user } = useRole(database);

// PostgreSQL's word for it is an internal error, "tuple concurrently updated": nothing is wrong with either script.
test.each([
  ["grants", "GRANT SELECT ON shared TO PUBLIC", `GRANT INSERT ON public.shared TO ${user}`],
  [
    "replaces",
    "CREATE OR REPLACE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
  ],
  ["resets", `ALTER ROLE ${user} SET work_mem TO '2MB'`, `ALTER ROLE ${user} RESET ALL`],
])("a step that %s what another session's transaction has just changed is run again", async (schema, theirs, ours) => {
  await query(`CREATE SCHEMA ${schema}; CREATE TABLE IF NOT EXISTS shared (id int);
    CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 0'; ALTER ROLE ${user} SET work_mem TO '1MB'`);
  let retried = 0;
  const onRetry = () => {
    retried += 1;
  };
  const results = await withSession({ ...connection }, async (other) => {
    await other.query(`SET application_name TO 'the other'; BEGIN; ${theirs}`);
    const history = historyOf({ "0001_mine": `CREATE TABLE mine (id int);\n${ours};` });
    const running = up(connection, { [schema]: wish(history) }, { settings: SETTINGS, onRetry });
    const waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = $1";
    await expect.poll(() => query(waiting, [APPLICATION_NAME]), { timeout: 10_000 }).toHaveLength(1);
    await other.query("COMMIT");
    return running;
  });
  expect(results).toMatchObject([{ to: "0001_mine", problems: [] }]);
  expect(retried).toBe(1);
  expect(await events(database, schema)).toEqual(["0001_mine up done"]);
});
