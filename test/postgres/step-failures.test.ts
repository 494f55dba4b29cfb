import { describe, expect, test } from "vitest";
import { problemText } from "../../src/problem-text.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf, type Scripts } from "../support/history.ts";
import { type MigrateOptions, migrate, problemsOf, withSession } from "../support/migrate.ts";
import { events, ledgerRows } from "../support/objects.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { connection, query } = database;
const tenant = useRole(database);

let made = 0;

async function freshSchema(): Promise<string> {
  made += 1;
  await query(`CREATE SCHEMA s${made}`);
  return `s${made}`;
}

/** The words about a script that fails as the second revision of a schema. */
async function failure(script: Scripts, options: MigrateOptions = {}): Promise<string> {
  const schema = await freshSchema();
  const history = historyOf({ "0001_users": "CREATE TABLE users (id int, name text)", "0002_broken": script });
  const problems = await problemsOf(migrate(connection, schema, history, options));
  return problems.map(problemText).join("\n").replaceAll(schema, "prod");
}

describe("an error inside a migration names the file, the line, the statement and what PostgreSQL said", () => {
  test("with a position: the line of the word, not of its statement", async () => {
    expect(await failure("CREATE TABLE a (id int);\n\nSELECT id,\n  nme\nFROM users;\n")).toMatchInlineSnapshot(`
      "Schema "prod", migrations/0002_broken.up.sql:4: column "nme" does not exist (SQLSTATE 42703)
        Hint: Perhaps you meant to reference the column "users.name".
        SELECT id,
          nme
        FROM users
      Nothing of 0002_broken remains; the schema is at 0001_users. Mend the script and run again."
    `);
  });

  test("while it runs, without a position: the line of the statement", async () => {
    expect(await failure("CREATE TABLE a (id int);\n-- oops\nSELECT\n  1/0;\n")).toMatchInlineSnapshot(`
      "Schema "prod", migrations/0002_broken.up.sql:3: division by zero (SQLSTATE 22012)
        SELECT
          1/0
      Nothing of 0002_broken remains; the schema is at 0001_users. Mend the script and run again."
    `);
  });

  test("after text of several bytes, and of several UTF-16 units, a character", async () => {
    const sql = `COMMENT ON TABLE users IS 'ção 日本語 ${"😀".repeat(50)}';\n\n\nSELECT '😀',\n  nme\nFROM users;\n`;
    expect(await failure(sql)).toMatchInlineSnapshot(`
      "Schema "prod", migrations/0002_broken.up.sql:5: column "nme" does not exist (SQLSTATE 42703)
        Hint: Perhaps you meant to reference the column "users.name".
        SELECT '😀',
          nme
        FROM users
      Nothing of 0002_broken remains; the schema is at 0001_users. Mend the script and run again."
    `);
  });

  test("inside a function that the script calls: the line of the call", async () => {
    const sql = `CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT nme FROM users);
END $$;

SELECT f();
`;
    expect(await failure(sql)).toMatchInlineSnapshot(`
      "Schema "prod", migrations/0002_broken.up.sql:6: column "nme" does not exist (SQLSTATE 42703)
        Hint: Perhaps you meant to reference the column "users.name".
        PL/pgSQL function f() line 3 at RETURN
        SELECT f()
      Nothing of 0002_broken remains; the schema is at 0001_users. Mend the script and run again."
    `);
  });

  test("inside the body of a function that is created: the line in the body", async () => {
    const sql = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n  SELECT 1;\n  SELECT nme FROM users\n$$;\n";
    expect(await failure(sql)).toMatchInlineSnapshot(`
      "Schema "prod", migrations/0002_broken.up.sql:3: column "nme" does not exist (SQLSTATE 42703)
        Hint: Perhaps you meant to reference the column "users.name".
        CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$
          SELECT 1;
          SELECT nme FROM users
        $$
      Nothing of 0002_broken remains; the schema is at 0001_users. Mend the script and run again."
    `);
  });

  test("with PostgreSQL's detail and hint", async () => {
    const sql =
      "DO $$ BEGIN RAISE EXCEPTION 'no' USING DETAIL = 'the detail', HINT = 'the hint', ERRCODE = 'P0007'; END $$";
    expect(await failure(sql)).toMatchInlineSnapshot(`
      "Schema "prod", migrations/0002_broken.up.sql:1: no (SQLSTATE P0007)
        the detail
        Hint: the hint
        PL/pgSQL function inline_code_block line 1 at RAISE
        DO $$ BEGIN RAISE EXCEPTION 'no' USING DETAIL = 'the detail', HINT = 'the hint', ERRCODE = 'P0007'; END $$
      Nothing of 0002_broken remains; the schema is at 0001_users. Mend the script and run again."
    `);
  });

  test("inside a script with its own BEGIN and COMMIT: lines stay those of the file", async () => {
    expect(await failure("BEGIN;\n\nSELECT 1;\nSELECT nme FROM users;\nCOMMIT;\n")).toMatchInlineSnapshot(`
      "Schema "prod", migrations/0002_broken.up.sql:4: column "nme" does not exist (SQLSTATE 42703)
        Hint: Perhaps you meant to reference the column "users.name".
        SELECT nme FROM users
      Nothing of 0002_broken remains; the schema is at 0001_users. Mend the script and run again."
    `);
  });

  test("outside a transaction: what ran before stays, and the text says so", async () => {
    const sql =
      "-- migrate:no-transaction\nCREATE INDEX CONCURRENTLY i ON users (id);\n\nCREATE INDEX CONCURRENTLY 😀 ON users\n  (nme);\n";
    expect(await failure(sql)).toMatchInlineSnapshot(`
      "Schema "prod", migrations/0002_broken.up.sql:4: column "nme" does not exist (SQLSTATE 42703)
        CREATE INDEX CONCURRENTLY 😀 ON users
          (nme)
      0002_broken ran outside a transaction, and is marked as interrupted; its earlier statements stay. Mend what is in the way, and the next up goes on at this statement. For another text, undo by hand what this one did, and tell the ledger:
        it is not there: DELETE FROM "prod".migration_ledger WHERE revision = '0002_broken' AND direction = 'up' AND outcome = 'started';"
    `);
  });

  test("in a long statement: its beginning", async () => {
    const sql = `INSERT INTO users VALUES\n${Array.from({ length: 30 }, (_, index) => `  (${index}, 'x')`).join(",\n")},\n  ('z', 'x');`;
    expect(await failure(sql)).toMatchInlineSnapshot(`
      "Schema "prod", migrations/0002_broken.up.sql:32: invalid input syntax for type integer: "z" (SQLSTATE 22P02)
        INSERT INTO users VALUES
          (0, 'x'),
          (1, 'x'),
          (2, 'x'),
          (3, 'x'),
          (4, 'x'),
          (5, 'x'),
          (6, 'x'),
        …
      Nothing of 0002_broken remains; the schema is at 0001_users. Mend the script and run again."
    `);
  });

  test("in a down script", async () => {
    const schema = await freshSchema();
    const history = historyOf({ "0001_a": { up: "SELECT 1", down: "SELECT 1;\nDROP TABLE missing;" } });
    await migrate(connection, schema, history);
    const problems = await problemsOf(migrate(connection, schema, history, { target: "base" }));
    expect(problems.map(problemText).join("\n").replaceAll(schema, "prod")).toMatchInlineSnapshot(`
      "Schema "prod", migrations/0001_a.down.sql:2: table "missing" does not exist (SQLSTATE 42P01)
        DROP TABLE missing
      0001_a is still applied, as it was. Mend its down script and run again."
    `);
  });
});

describe("time-outs", () => {
  test("a lock is waited for no longer than lock_timeout", async () => {
    const schema = await freshSchema();
    await query(`CREATE TABLE ${schema}.busy (id int)`);
    const problems = await holdingLock(`LOCK TABLE ${schema}.busy`, () =>
      problemsOf(
        migrate(connection, schema, historyOf({ "0001_a": "ALTER TABLE busy ADD a int" }), { lockTimeoutMs: 200 }),
      ),
    );
    expect(problems).toMatchObject([{ error: { sqlstate: "55P03" } }]);
    expect(await ledgerRows(database, schema)).toEqual([]);
  });

  test("a statement takes no longer than statement_timeout; a script of many statements may", async () => {
    const schema = await freshSchema();
    const many = Array.from({ length: 5 }, () => "SELECT pg_sleep(0.1);").join("\n");
    const history = historyOf({ "0001_many": many, "0002_long": "SELECT 1;\nSELECT pg_sleep(30);" });
    const problems = await problemsOf(migrate(connection, schema, history, { statementTimeoutMs: 300 }));
    expect(problems).toMatchObject([
      { code: "step-failed", revision: "0002_long", error: { sqlstate: "57014" }, line: 2, at: "0001_many" },
    ]);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_many applied"]);
    expect(await events(database, schema)).toContain(
      "0002_long up failed : canceling statement due to statement timeout",
    );
  });

  test("both also hold outside a transaction", async () => {
    const schema = await freshSchema();
    await query(`CREATE TABLE ${schema}.busy (id int)`);
    const index = historyOf({ "0001_i": "DROP INDEX CONCURRENTLY busy_id" });
    await query(`CREATE INDEX busy_id ON ${schema}.busy (id)`);
    const locked = await holdingLock(`LOCK TABLE ${schema}.busy`, () =>
      problemsOf(migrate(connection, schema, index, { lockTimeoutMs: 200 })),
    );
    expect(locked).toMatchObject([{ error: { sqlstate: "55P03" } }]);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_i applying"]);

    const other = await freshSchema();
    const sleep = historyOf({ "0001_s": "-- migrate:no-transaction\nSELECT pg_sleep(30)" });
    const problems = await problemsOf(migrate(connection, other, sleep, { statementTimeoutMs: 200 }));
    expect(problems).toMatchObject([{ code: "step-failed", error: { sqlstate: "57014" }, line: 2 }]);
  });
});

describe("who may not", () => {
  test("change a table: refused, recorded, nothing remains", async () => {
    const schema = await freshSchema();
    await query(`GRANT ALL ON SCHEMA ${schema} TO ${tenant.user}; CREATE TABLE ${schema}.theirs (id int)`);
    const history = historyOf({ "0001_a": "CREATE TABLE mine (id int); ALTER TABLE theirs ADD a int" });
    expect(await problemsOf(migrate({ ...connection, ...tenant }, schema, history))).toMatchObject([
      { code: "step-failed", error: { sqlstate: "42501", message: "must be owner of table theirs" }, at: "base" },
    ]);
    expect(await query(`SELECT actor, db_user, outcome FROM ${schema}.migration_ledger`)).toEqual([
      { actor: "ana@laptop", db_user: tenant.user, outcome: "failed" },
    ]);
  });
});

/** Runs the callback while another session, in a transaction, holds what the statement locks. */
async function holdingLock<T>(statement: string, callback: () => Promise<T>): Promise<T> {
  return withSession(connection, async (client) => {
    await client.query(`BEGIN; ${statement}`);
    const result = await callback();
    await client.query("ROLLBACK");
    return result;
  });
}
