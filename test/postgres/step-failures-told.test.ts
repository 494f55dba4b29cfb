import { describe, expect, test } from "vitest";
import { withSchemaLock } from "../../src/postgres/advisory-lock.ts";
import { problemText } from "../../src/problem-text.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { migrate, migrateIn, NEVER, problemsOf, withSession } from "../support/migrate.ts";
import { ledgerRows } from "../support/objects.ts";
import { useRole } from "../support/role.ts";
import { advisoryLocks } from "../support/sessions.ts";

const database = useDatabase();
const { connection, query } = database;
const tenant = useRole(database);
let made = 0;
async function freshSchema(): Promise<string> {
  made += 1;
  await query(`CREATE SCHEMA s${made}`);
  return `s${made}`;
}

describe("the failure that is told is the first one, also where it cannot be recorded", () => {
  test("a role without the right to create: in a transaction", async () => {
    const schema = await freshSchema();
    await query(`GRANT USAGE ON SCHEMA ${schema} TO ${tenant.user}`);
    const problems = await problemsOf(
      migrate({ ...connection, ...tenant }, schema, historyOf({ "0001_a": "SELECT 1" })),
    );
    expect(problems).toMatchObject([{ code: "step-failed", error: { sqlstate: "42501" }, at: "base" }]);
  });

  test("a role without the right to create: outside a transaction", async () => {
    const schema = await freshSchema();
    await query(`GRANT USAGE ON SCHEMA ${schema} TO ${tenant.user}`);
    const history = historyOf({ "0001_a": "-- migrate:no-transaction\nSELECT 1" });
    const problems = await problemsOf(migrate({ ...connection, ...tenant }, schema, history));
    expect(problems).toMatchObject([{ code: "step-failed", error: { sqlstate: "42501" }, at: "base" }]);
  });

  test("a role that may not read the ledger", async () => {
    const schema = await freshSchema();
    await migrate(connection, schema, historyOf({ "0001_a": "SELECT 1" }));
    await query(`GRANT USAGE ON SCHEMA ${schema} TO ${tenant.user}`);
    const problems = await problemsOf(
      migrate({ ...connection, ...tenant }, schema, historyOf({ "0001_a": "SELECT 1" })),
    );
    expect(problems).toMatchObject([{ code: "ledger-unreadable", schema, error: { sqlstate: "42501" } }]);
  });

  test("a read-only server", async () => {
    const schema = await freshSchema();
    await query(
      `GRANT ALL ON SCHEMA ${schema} TO ${tenant.user}; ALTER ROLE ${tenant.user} SET default_transaction_read_only = on`,
    );
    const problems = await problemsOf(
      migrate({ ...connection, ...tenant }, schema, historyOf({ "0001_a": "CREATE TABLE a (id int)" })),
    );
    await query(`ALTER ROLE ${tenant.user} RESET default_transaction_read_only`);
    expect(problems).toMatchObject([{ code: "step-failed", error: { sqlstate: "25006" }, at: "base" }]);
  });
});

test.each(["", "-- migrate:no-transaction\n"])(
  "a script that ends as another role still writes its ledger row (%j)",
  async (directive) => {
    const schema = await freshSchema();
    await query(`GRANT ALL ON SCHEMA ${schema} TO ${tenant.user}`);
    await migrate(
      connection,
      schema,
      historyOf({ "0001_a": `${directive}SET ROLE ${tenant.user}; CREATE TABLE a (id int)` }),
    );
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_a applied"]);
  },
);

test("a script outside a transaction that fails as another role says why", async () => {
  const schema = await freshSchema();
  await query(`GRANT ALL ON SCHEMA ${schema} TO ${tenant.user}`);
  const history = historyOf({ "0001_a": `-- migrate:no-transaction\nSET ROLE ${tenant.user}; SELECT 1/0` });
  expect(await problemsOf(migrate(connection, schema, history))).toMatchObject([
    { code: "step-failed", error: { sqlstate: "22012" }, line: 2 },
  ]);
});

test("an advisory lock that a script takes for its session is not held on behind the schema's run", async () => {
  const schema = await freshSchema();
  await withSession(connection, async (client) => {
    await withSchemaLock(client, schema, { waitMs: 0, onWait: () => {}, stop: NEVER }, () =>
      migrateIn(client, schema, historyOf({ "0001_a": "SELECT pg_advisory_lock(42)" })),
    );
    expect(await advisoryLocks(database)).toBe(0);
  });
});

test("where an up fails after downs, the schema stands at the last revision that was kept", async () => {
  const schema = await freshSchema();
  const a = "SELECT 1";
  await migrate(connection, schema, historyOf({ "0001_a": a, "0003_c": { up: "SELECT 3", down: "SELECT 3" } }));
  const history = historyOf({ "0001_a": a, "0002_b": "SELECT 1/0", "0003_c": { up: "SELECT 3", down: "SELECT 3" } });
  const problems = await problemsOf(migrate(connection, schema, history, { target: "2" }));
  expect(problems).toMatchObject([{ code: "step-failed", revision: "0002_b", at: "0001_a" }]);
  expect(await ledgerRows(database, schema)).toEqual(["1 0001_a applied"]);
});

test("a down that fails says that its revision is still there", async () => {
  const schema = await freshSchema();
  const history = historyOf({ "0001_a": { up: "SELECT 1", down: "SELECT 1/0" } });
  await migrate(connection, schema, history);
  const problems = await problemsOf(migrate(connection, schema, history, { target: "base" }));
  expect(problems.map(problemText).join()).not.toContain("Nothing of 0001_a remains");
});

test("an error inside a function says where in the function", async () => {
  const schema = await freshSchema();
  const sql = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN 1/0;\nEND $$;\nSELECT f();";
  const problems = await problemsOf(migrate(connection, schema, historyOf({ "0001_a": sql })));
  expect(problems.map(problemText).join()).toContain("PL/pgSQL function f() line 3 at RETURN");
});

test("a COMMIT in a DO block is told with the line that lets it, and then it runs", async () => {
  const schema = await freshSchema();
  const script = "DO $$ BEGIN CREATE TABLE a (id int); COMMIT; END $$;";
  const [problem] = await problemsOf(migrate(connection, schema, historyOf({ "0001_a": script })));
  expect(problem && problemText(problem).replaceAll(schema, "SCHEMA")).toMatchInlineSnapshot(`
    "Schema "SCHEMA", migrations/0001_a.up.sql:1: invalid transaction termination (SQLSTATE 2D000)
      PL/pgSQL function inline_code_block line 1 at COMMIT
      DO $$ BEGIN CREATE TABLE a (id int); COMMIT; END $$
    Nothing of 0001_a remains; the schema is at base. Mend the script and run again.
    It ends the transaction that the script runs in. A line -- migrate:no-transaction lets the script run outside of one, statement by statement."
  `);
  await migrate(connection, schema, historyOf({ "0001_a": `-- migrate:no-transaction\n${script}` }));
  expect(await ledgerRows(database, schema)).toEqual(["1 0001_a applied"]);
});
