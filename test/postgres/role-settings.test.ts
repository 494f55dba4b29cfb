import { expect, test } from "vitest";
import { withDatabase } from "../../src/postgres/database.ts";
import { planAll } from "../../src/pulumi/plan-all.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { migrate, up, wish, withSession } from "../support/migrate.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { connection, query } = database;
const [idle, careful] = [useRole(database), useRole(database)];
const users = { "0001_users": "CREATE TABLE users (id int)" };

test("a role whose idle sessions are ended keeps its session while a step gives way to others", async () => {
  await query(
    `ALTER ROLE ${idle.user} SET idle_session_timeout = '300ms'; CREATE SCHEMA idles AUTHORIZATION ${idle.user}`,
  );
  const as = { ...connection, ...idle };
  await migrate(as, "idles", historyOf(users));
  const history = historyOf({ ...users, "0002_email": "ALTER TABLE users ADD email text" });
  const settings = { searchPath: [], lockTimeoutMs: 100, statementTimeoutMs: 0 };
  const results = await withSession(connection, async (other) => {
    await other.query("BEGIN; LOCK TABLE idles.users");
    let tries = 0;
    const onRetry = () => {
      tries += 1;
      if (tries === 3) void other.query("ROLLBACK");
    };
    return up(as, { idles: wish(history) }, { settings, onRetry });
  });
  expect(results.map(({ to, problems }) => [to, problems])).toEqual([["0002_email", []]]);
});

test("a role that waits for a moment without writers wherever it reads does not while it plans", async () => {
  await query(
    `ALTER ROLE ${careful.user} SET default_transaction_isolation = 'serializable';` +
      `ALTER ROLE ${careful.user} SET default_transaction_deferrable = on; CREATE SCHEMA careful AUTHORIZATION ${careful.user}`,
  );
  const as = { ...connection, ...careful };
  const { plans } = await withSession(connection, async (other) => {
    await other.query("CREATE TABLE public.site (id int)");
    await other.query("BEGIN ISOLATION LEVEL SERIALIZABLE; INSERT INTO public.site VALUES (1)");
    return withDatabase(as, 2, (read) => planAll(read, as, new Map([["careful", wish(historyOf(users))]])));
  });
  expect(plans).toMatchObject([{ schema: "careful", to: "0001_users" }]);
});
