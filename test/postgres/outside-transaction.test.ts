import { describe, expect, test } from "vitest";
import { problemText } from "../../src/problem-text.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { ledgerOf, migrate, planFor, problemsOf, withSession } from "../support/migrate.ts";
import { events, ledgerRows, objectsOf } from "../support/objects.ts";

const database = useDatabase();
const { connection, query } = database;
const users = { up: "CREATE TABLE users (id int, email text)", down: "DROP TABLE users" };
const index = {
  up: "CREATE INDEX CONCURRENTLY by_email ON users (email);\nCREATE INDEX CONCURRENTLY by_id ON users (id);\n",
  down: "DROP INDEX CONCURRENTLY by_id; DROP INDEX CONCURRENTLY by_email;",
};

async function schemaNamed(name: string): Promise<string> {
  await query(`CREATE SCHEMA ${name}`);
  return name;
}

test("CREATE INDEX CONCURRENTLY with nothing marking it runs statement by statement, and back", async () => {
  const schema = await schemaNamed("unmarked");
  const history = historyOf({ "0001_users": users, "0002_index": index });
  await migrate(connection, schema, history);
  expect((await objectsOf(database, schema)).filter((object) => object.startsWith("index"))).toEqual([
    "index by_email",
    "index by_id",
  ]);
  expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied", "2 0002_index applied"]);
  expect(await events(database, schema)).toEqual(["0001_users up done", "0002_index up started", "0002_index up done"]);
  await migrate(connection, schema, history, { target: "1" });
  expect((await objectsOf(database, schema)).filter((object) => object.startsWith("index"))).toEqual([]);
  expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied"]);
  expect((await events(database, schema)).slice(-2)).toEqual(["0002_index down started", "0002_index down done"]);
});

test("as the very first step it makes the ledger too", async () => {
  const schema = await schemaNamed("very_first");
  await query("CREATE TABLE very_first.users (id int, email text)");
  await migrate(connection, schema, historyOf({ "0001_index": index }));
  expect(await ledgerRows(database, schema)).toEqual(["1 0001_index applied"]);
  expect(await events(database, schema)).toEqual(["0001_index up started", "0001_index up done"]);
});

test("the duration of its event is that of the whole script", async () => {
  const schema = await schemaNamed("duration");
  const slow = "-- migrate:no-transaction\nSELECT pg_sleep(0.1);\nSELECT pg_sleep(0.1);";
  await migrate(connection, schema, historyOf({ "0001_slow": slow }));
  expect(
    await query(
      "SELECT duration_ms BETWEEN 200 AND 5000 AS whole FROM duration.migration_ledger WHERE outcome = 'done'",
    ),
  ).toEqual([{ whole: true }]);
});

/** As long as a busy machine needs, and often enough to see what lasts two seconds. */
const WAIT = { timeout: 10_000, interval: 50 };

test("while it runs, the ledger says so", async () => {
  const schema = await schemaNamed("running");
  const history = historyOf({
    "0001_slow": {
      up: "-- migrate:no-transaction\nSELECT pg_sleep(2)",
      down: "-- migrate:no-transaction\nSELECT pg_sleep(2)",
    },
  });
  const up = migrate(connection, schema, history);
  await expect.poll(() => ledgerRows(database, schema).catch(() => []), WAIT).toEqual(["1 0001_slow applying"]);
  await up;
  expect(await ledgerRows(database, schema)).toEqual(["1 0001_slow applied"]);
  const down = migrate(connection, schema, history, { target: "base" });
  await expect.poll(() => ledgerRows(database, schema), WAIT).toEqual(["1 0001_slow reverting"]);
  await down;
  expect(await ledgerRows(database, schema)).toEqual([]);
});

describe("an index of a name that is taken is not taken for the script's own", () => {
  const taken = (up: string) =>
    historyOf({
      "0001_users": { up: `${users.up}; CREATE INDEX by_x ON users (id)`, down: users.down },
      "0002_x": { up, down: "" },
    });
  const unique = "CREATE UNIQUE INDEX CONCURRENTLY by_x ON users (email)";

  test("the step is refused, however often it is run, and nothing of it stays", async () => {
    const schema = await schemaNamed("taken");
    for (let run = 0; run < 2; run += 1) {
      const problems = await problemsOf(migrate(connection, schema, taken(unique)));
      expect(problems).toMatchObject([{ code: "step-failed", error: { sqlstate: "42P07" } }]);
      expect(problems.map(problemText)).toMatchInlineSnapshot(`
        [
          "Schema "taken", migrations/0002_x.up.sql: relation "by_x" already exists, and the script would make an index of that name (SQLSTATE 42P07)
        Nothing of 0002_x remains; the schema is at 0001_users. Mend the script and run again.",
        ]
      `);
    }
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied"]);
    expect((await events(database, schema)).slice(1)).toEqual(
      Array(2).fill(
        '0002_x up failed : relation "by_x" already exists, and the script would make an index of that name',
      ),
    );
    await query("DROP INDEX taken.by_x");
    await migrate(connection, schema, taken(unique));
    expect(await query("SELECT indisunique FROM pg_index WHERE indexrelid = 'taken.by_x'::regclass")).toEqual([
      { indisunique: true },
    ]);
  });

  test("nor is one that is INVALID where the script makes it IF NOT EXISTS, until that is gone", async () => {
    const schema = await schemaNamed("broken");
    await migrate(connection, schema, taken(unique), { target: "1" });
    await query("DROP INDEX broken.by_x; INSERT INTO broken.users VALUES (1, 'same'), (2, 'same')");
    await query("CREATE UNIQUE INDEX CONCURRENTLY by_x ON broken.users (email)").catch(() => {});
    const guarded = taken(unique.replace("by_x", "IF NOT EXISTS by_x"));
    const problems = await problemsOf(migrate(connection, schema, guarded));
    expect(problems.map(problemText)).toMatchInlineSnapshot(`
      [
        "Schema "broken", migrations/0002_x.up.sql: index "by_x" is there and INVALID, which IF NOT EXISTS would leave as it is: DROP INDEX CONCURRENTLY "broken"."by_x" (SQLSTATE 42P07)
      Nothing of 0002_x remains; the schema is at 0001_users. Mend the script and run again.",
      ]
    `);
    await query("DELETE FROM broken.users WHERE id = 2");
    await query("DROP INDEX CONCURRENTLY broken.by_x");
    await migrate(connection, schema, guarded);
    expect(await query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'broken.by_x'::regclass")).toEqual([
      { indisvalid: true },
    ]);
  });

  test("as the very first step too", async () => {
    const schema = await schemaNamed("taken_first");
    await query("CREATE TABLE taken_first.users (id int, email text); CREATE INDEX by_id ON taken_first.users (id)");
    const problems = await problemsOf(migrate(connection, schema, historyOf({ "0001_index": index })));
    expect(problems).toMatchObject([{ code: "step-failed" }]);
    expect(problems[0]).not.toHaveProperty("begun");
    expect(await objectsOf(database, schema)).not.toContain("index by_email");
    expect(await ledgerRows(database, schema)).toEqual([]);
  });

  test.each([
    ["dropped first", `DROP INDEX CONCURRENTLY by_x; ${unique}`, true],
    ["wanted only where it is not there", unique.replace("by_x", "IF NOT EXISTS by_x"), false],
  ])("but where it is %s", async (name, script, isUnique) => {
    const schema = await schemaNamed(`"taken ${name}"`);
    await migrate(connection, schema.replaceAll('"', ""), taken(`-- migrate:no-transaction\n${script}`));
    const rows = await query(
      "SELECT indisunique FROM pg_index i JOIN pg_class c ON c.oid = indexrelid WHERE relname = 'by_x' AND relnamespace = $1::regnamespace",
      [schema],
    );
    expect(rows).toEqual([{ indisunique: isUnique }]);
  });
});

describe("one that fails half way", () => {
  const unique = historyOf({
    "0001_users": users,
    "0002_unique": {
      up: "CREATE INDEX CONCURRENTLY by_id ON users (id);\nCREATE UNIQUE INDEX CONCURRENTLY by_email ON users (email);",
      down: "DROP INDEX CONCURRENTLY by_email",
    },
    "0003_after": { up: "CREATE TABLE after (id int)", down: "DROP TABLE after" },
  });

  async function failed(name: string): Promise<string> {
    const schema = await schemaNamed(name);
    await migrate(connection, schema, unique, { target: "1" });
    await query(`INSERT INTO ${schema}.users VALUES (1, 'same'), (2, 'same')`);
    expect(await problemsOf(migrate(connection, schema, unique))).toMatchObject([
      {
        code: "step-failed",
        revision: "0002_unique",
        line: 2,
        begun: { earlier: true, repeatable: true, index: "by_email" },
        error: { sqlstate: "23505" },
      },
    ]);
    return schema;
  }

  test("leaves its row as applying, its event as failed, and nothing after it has run", async () => {
    const schema = await failed("half_way");
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied", "2 0002_unique applying"]);
    expect((await events(database, schema)).slice(-2)).toEqual([
      "0002_unique up started",
      '0002_unique up failed : could not create unique index "by_email"',
    ]);
    expect(await objectsOf(database, schema)).toEqual([
      "column users.email text",
      "column users.id integer",
      "index by_email (invalid)",
      "index by_id",
      "table users",
    ]);
  });

  test("goes on in the next run: the broken index is built anew, the whole one is left", async () => {
    const schema = await failed("goes_on");
    const [before] = await query<{ oid: number }>(`SELECT 'goes_on.by_id'::regclass::oid AS oid`);
    await query(`DELETE FROM ${schema}.users WHERE id = 2`);
    const results = await migrate(connection, schema, unique);
    expect(results.map(({ revision }) => revision)).toEqual(["0002_unique", "0003_after"]);
    expect(await objectsOf(database, schema)).toContain("index by_email");
    expect(await query(`SELECT 'goes_on.by_id'::regclass::oid AS oid`)).toEqual([before]);
    expect(await ledgerRows(database, schema)).toHaveLength(3);
  });

  test("goes on on the way down, where the index is gone already", async () => {
    const schema = await schemaNamed("half_down");
    await migrate(connection, schema, unique);
    await query("DROP INDEX half_down.by_email");
    expect(await problemsOf(migrate(connection, schema, unique, { target: "1" }))).toMatchObject([
      { code: "step-failed", direction: "down", begun: { earlier: false, repeatable: true } },
    ]);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied", "2 0002_unique reverting"]);
    await migrate(connection, schema, unique, { target: "1" });
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied"]);
  });

  test("is refused where running it again might do something twice, with the ways out, and both of them work", async () => {
    const twice = historyOf({
      "0001_users": users,
      "0002_fill": "-- migrate:no-transaction\nINSERT INTO users VALUES (1);\nSELECT 1 / 0;",
      "0003_after": "CREATE TABLE after (id int)",
    });
    for (const [way, rest] of [
      ["UPDATE", ["0003_after"]],
      ["DELETE", ["0002_fill", "0003_after"]],
    ] as const) {
      const schema = await schemaNamed(`way_${way.toLowerCase()}`);
      const failure = await problemsOf(migrate(connection, schema, twice));
      const problems = await problemsOf(migrate(connection, schema, twice));
      expect(problems).toEqual([{ code: "interrupted", schema, revision: "0002_fill", direction: "up" }]);
      const text = problems.map(problemText).join("\n");
      // The failure has said both ways already.
      const ways = text.split("\n").slice(1).join("\n");
      expect(failure.map(problemText).join("\n").endsWith(`the next up refuses until then:\n${ways}`)).toBe(true);
      const command = text.split("\n").find((line) => line.includes(`${way} `)) ?? "";
      await query(command.slice(command.indexOf(way)));
      const mended = { file: "migrations/0002_fill.up.sql", sql: "-- migrate:no-transaction\nSELECT 1;" };
      const history = twice.map((each) => (each.id === "0002_fill" ? { ...each, up: mended } : each));
      const results = await migrate(connection, schema, history);
      expect(results.map(({ revision }) => revision)).toEqual(rest);
    }
  });
});

test("an index that fails as the first statement leaves nothing but its broken self, which the failure says", async () => {
  const schema = await schemaNamed("first_index");
  const history = historyOf({
    "0001_t": "CREATE TABLE t (k int); INSERT INTO t VALUES (1), (1)",
    "0002_k": "CREATE UNIQUE INDEX CONCURRENTLY t_k ON t (k)",
  });
  const problems = await problemsOf(migrate(connection, schema, history));
  expect(problems.map(problemText).join("\n")).toMatchInlineSnapshot(`
    "Schema "first_index", migrations/0002_k.up.sql:1: could not create unique index "t_k" (SQLSTATE 23505)
      Key (k)=(1) is duplicated.
      CREATE UNIQUE INDEX CONCURRENTLY t_k ON t (k)
    0002_k ran outside a transaction, and is marked as interrupted. Mend what is in the way, and the next up goes on at this statement. What is left of index "t_k" is INVALID: that is dropped then, and built anew. For another text, undo by hand what this one did, and tell the ledger:
      it is not there: DELETE FROM "first_index".migration_ledger WHERE revision = '0002_k' AND direction = 'up' AND outcome = 'started';"
  `);
  expect(await objectsOf(database, schema)).toContain("index t_k (invalid)");
  const [, remedy = ""] = /it is not there: (.*);$/.exec(problems.map(problemText).join("\n")) ?? [];
  await query(`DROP INDEX first_index.t_k; ${remedy}`);
  const other = historyOf({ "0001_t": "CREATE TABLE t (k int); INSERT INTO t VALUES (1), (1)", "0002_k": "SELECT 1" });
  expect(await migrate(connection, schema, other)).toHaveLength(1);
});

test("what PostgreSQL refuses in a transaction runs", async () => {
  const schema = await schemaNamed("others");
  const history = historyOf({
    "0001_users": users,
    "0002_vacuum": "VACUUM users; VACUUM (ANALYZE) users;",
    "0003_reindex": "-- migrate:no-transaction\nCREATE INDEX i ON users (id);\nREINDEX INDEX CONCURRENTLY i;",
    "0004_commits": `-- migrate:no-transaction
      CREATE PROCEDURE twice() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO users VALUES (1); COMMIT; INSERT INTO users VALUES (2); END $$;
      CALL twice();`,
    "0005_enum":
      "-- migrate:no-transaction\nCREATE TYPE e AS ENUM ('a');\nALTER TYPE e ADD VALUE 'b';\nCREATE TABLE t AS SELECT 'b'::e AS e;",
  });
  await migrate(connection, schema, history);
  expect(await ledgerRows(database, schema)).toHaveLength(5);
  expect(await query("SELECT count(*)::int FROM others.users")).toEqual([{ count: 2 }]);
});

test("a script of no statement at all is recorded", async () => {
  const schema = await schemaNamed("nothing");
  await migrate(connection, schema, historyOf({ "0001_nothing": "-- migrate:no-transaction\n" }));
  expect(await ledgerRows(database, schema)).toEqual(["1 0001_nothing applied"]);
});

test("a plan of it writes nothing, so that looking twice shows the same", async () => {
  const schema = await schemaNamed("looking");
  const history = historyOf({ "0001_users": users, "0002_index": index });
  await migrate(connection, schema, history, { target: "1" });
  const [first, second] = await withSession(connection, async (client) => [
    planFor(await ledgerOf(client, schema), history),
    planFor(await ledgerOf(client, schema), history),
  ]);
  expect(first).toEqual(second);
  expect(first?.steps.map(({ revision, script }) => [revision, script.mode])).toEqual([["0002_index", "autocommit"]]);
});

describe("what a script outside a transaction leaves in its session", () => {
  test.each([
    ["another encoding", "SET client_encoding = 'LATIN1'"],
    ["read-only transactions", "SET default_transaction_read_only = on"],
  ])("does not reach its ledger's entries: %s", async (name, setting) => {
    const schema = `leaves ${name}`;
    await query(`CREATE SCHEMA "${schema}"`);
    const history = historyOf({
      "0001_ação": `-- migrate:no-transaction\nCREATE TABLE a (id int); ${setting}`,
      "0002_fails": `-- migrate:no-transaction\n${setting}; SELECT 'ação'::int`,
    });
    const problems = await problemsOf(migrate(connection, schema, history));
    expect(problems).toMatchObject([{ code: "step-failed", revision: "0002_fails" }]);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_ação applied", "2 0002_fails applying"]);
    expect((await events(database, schema)).at(-1)).toContain("0002_fails up failed");
  });
});

test("what gave way to others leaves no copy of an index behind when it is run again", async () => {
  const schema = await schemaNamed("reindexed");
  const history = historyOf({
    "0001_users": "CREATE TABLE users (id int); CREATE INDEX by_id ON users (id)",
    "0002_again": "REINDEX INDEX CONCURRENTLY by_id",
    "0003_table": "REINDEX TABLE CONCURRENTLY users",
  });
  await migrate(connection, schema, history, { target: "1" });
  await withSession(connection, async (other) => {
    await other.query("BEGIN; INSERT INTO reindexed.users VALUES (1)");
    const up = migrate(connection, schema, history, { lockTimeoutMs: 300 });
    const copies = () => query("SELECT FROM pg_class WHERE relname LIKE 'by_id_cc%'");
    await expect.poll(copies, WAIT).toHaveLength(1);
    await expect
      .poll(() => events(database, schema), WAIT)
      .toContainEqual(expect.stringContaining("0002_again up started"));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await other.query("COMMIT");
    await up;
    expect(await copies()).toEqual([]);
  });
  expect(await ledgerRows(database, schema)).toHaveLength(3);
});
