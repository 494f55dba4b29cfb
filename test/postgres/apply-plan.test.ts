import { describe, expect, test } from "vitest";
import { lockKey } from "../../src/postgres/advisory-lock.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf, type Scripts } from "../support/history.ts";
import { migrate, migrateIn, newRun, problemsOf, withSession } from "../support/migrate.ts";
import { events, ledgerRows, objectsOf } from "../support/objects.ts";
import { roundTrips } from "../support/sessions.ts";

const database = useDatabase();
const { connection, query } = database;

/** A salon in three revisions, each with its way back. */
const salon = historyOf({
  "0001_users": { up: "CREATE TABLE users (id int PRIMARY KEY)", down: "DROP TABLE users" },
  "0002_email": { up: "ALTER TABLE users ADD email text", down: "ALTER TABLE users DROP email" },
  "0003_view": { up: "CREATE VIEW emails AS SELECT email FROM users", down: "DROP VIEW emails" },
});

/** What the salon's first revision leaves. */
const AFTER_FIRST = ["column users.id integer", "index users_pkey", "table users"];

async function schemaNamed(name: string): Promise<string> {
  await query(`CREATE SCHEMA "${name.replaceAll('"', '""')}"`);
  return name;
}

describe("going up", () => {
  test("steps and ledger entries agree, in order, with who ran them and how long they took", async () => {
    const schema = await schemaNamed("agree");
    const slow = historyOf({
      "0001_a": "CREATE TABLE a (id int); SELECT pg_sleep(0.1)",
      "0002_b": "CREATE TABLE b (id int)",
    });
    const run = newRun();
    const results = await migrate(connection, schema, slow, { run });

    expect(results.map(({ revision, direction }) => [revision, direction])).toEqual([
      ["0001_a", "up"],
      ["0002_b", "up"],
    ]);
    expect(results[0]?.durationMs).toBeGreaterThan(100);
    const rows = await query(
      `SELECT entry, revision, checksum, direction, outcome, run, actor, db_user, duration_ms BETWEEN 0 AND 5000 AS has_duration,
              at BETWEEN now() - interval '1 minute' AND now() AS just_now
         FROM agree.migration_ledger ORDER BY entry`,
    );
    const same = {
      direction: "up",
      outcome: "done",
      run: run.id,
      actor: "ana@laptop",
      db_user: "postgres",
      has_duration: true,
      just_now: true,
    };
    expect(rows).toEqual([
      { entry: 1, revision: "0001_a", checksum: slow[0]?.checksum, ...same },
      { entry: 2, revision: "0002_b", checksum: slow[1]?.checksum, ...same },
    ]);
    const [first] = await query<{ slept: boolean }>(
      "SELECT duration_ms >= 100 AS slept FROM agree.migration_ledger WHERE revision = '0001_a'",
    );
    expect(first?.slept).toBe(true);
  });

  test("in parts is the same as at once", async () => {
    const [parts, once] = [await schemaNamed("parts"), await schemaNamed("once")];
    for (const target of ["1", "2", "3"]) await migrate(connection, parts, salon, { target });
    await migrate(connection, once, salon);
    expect(await objectsOf(database, parts)).toEqual(await objectsOf(database, once));
    expect(await ledgerRows(database, parts)).toEqual(await ledgerRows(database, once));
    expect(await events(database, parts)).toEqual(await events(database, once));
  });

  test("again runs nothing and writes nothing", async () => {
    const schema = await schemaNamed("again");
    await migrate(connection, schema, salon);
    expect(await migrate(connection, schema, salon)).toEqual([]);
    expect(await events(database, schema)).toEqual(["0001_users up done", "0002_email up done", "0003_view up done"]);
  });
});

describe("going down", () => {
  test("runs the downs last first, and leaves exactly what was before", async () => {
    const schema = await schemaNamed("down");
    await migrate(connection, schema, salon, { target: "1" });
    const before = await objectsOf(database, schema);
    await migrate(connection, schema, salon);
    const results = await migrate(connection, schema, salon, { target: "1" });
    expect(results.map(({ revision, direction }) => `${direction} ${revision}`)).toEqual([
      "down 0003_view",
      "down 0002_email",
    ]);
    expect(await objectsOf(database, schema)).toEqual(before);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied"]);
    expect((await events(database, schema)).slice(-2)).toEqual(["0003_view down done", "0002_email down done"]);
  });

  test("to base leaves the events, and the way up is open again", async () => {
    const schema = await schemaNamed("base");
    await migrate(connection, schema, salon);
    await migrate(connection, schema, salon, { target: "base" });
    expect(await objectsOf(database, schema)).toEqual([]);
    expect(await ledgerRows(database, schema)).toEqual([]);
    await migrate(connection, schema, salon, { target: "2" });
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied", "2 0002_email applied"]);
    expect(await events(database, schema)).toHaveLength(8);
  });

  test("runs the down script that the ledger keeps where the folder lacks the revision", async () => {
    const schema = await schemaNamed("older_checkout");
    const quoted = { up: "CREATE TABLE q (t text)", down: `-- it's a 'down' with \\ in it\nDROP TABLE "q";` };
    const newer = [...salon, ...historyOf({ "0004_q": quoted })];
    await migrate(connection, schema, newer);
    await migrate(connection, schema, salon, { target: "3" });
    expect(await ledgerRows(database, schema)).toHaveLength(3);
    expect(await objectsOf(database, schema)).not.toContain("table q");
  });

  test("and up in one plan: what the target lacks goes, what it has comes", async () => {
    const schema = await schemaNamed("both");
    const without2 = historyOf({ "0001_a": tableOf("a"), "0003_c": tableOf("c") });
    await migrate(connection, schema, without2);
    const history = historyOf({ "0001_a": tableOf("a"), "0002_b": tableOf("b"), "0003_c": tableOf("c") });
    const results = await migrate(connection, schema, history, { target: "2" });
    expect(results.map(({ revision, direction }) => `${direction} ${revision}`)).toEqual(["down 0003_c", "up 0002_b"]);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_a applied", "2 0002_b applied"]);
    expect((await objectsOf(database, schema)).filter((object) => object.startsWith("table"))).toEqual([
      "table a",
      "table b",
    ]);
  });
});

describe("a step stands or falls with its ledger row", () => {
  const broken = (sql: string) =>
    historyOf({ "0001_users": salonScript(0), "0002_broken": sql, "0003_after": "CREATE TABLE z (id int)" });
  const failsInThird = "CREATE TABLE a (id int); INSERT INTO a VALUES (1); SELECT 1/0; CREATE TABLE b (id int)";

  test("a script that fails in its third statement leaves nothing, says so in the events, and the next run goes on", async () => {
    const schema = await schemaNamed("third");
    expect(await problemsOf(migrate(connection, schema, broken(failsInThird)))).toMatchObject([
      { code: "step-failed", revision: "0002_broken", at: "0001_users" },
    ]);
    expect(await objectsOf(database, schema)).toEqual(AFTER_FIRST);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied"]);
    expect(await events(database, schema)).toEqual(["0001_users up done", "0002_broken up failed : division by zero"]);

    await migrate(connection, schema, broken("CREATE TABLE a (id int)"));
    expect(await ledgerRows(database, schema)).toEqual([
      "1 0001_users applied",
      "2 0002_broken applied",
      "3 0003_after applied",
    ]);
  });

  test("also the very first step: the ledger is there, empty, with the failure in the events", async () => {
    const schema = await schemaNamed("very_first");
    const [, second, third] = broken(failsInThird);
    const history = [second, third].filter((revision) => revision !== undefined);
    expect(await problemsOf(migrate(connection, schema, history))).toMatchObject([
      { code: "step-failed", revision: "0002_broken", at: "base" },
    ]);
    expect(await objectsOf(database, schema)).toEqual([]);
    expect(await ledgerRows(database, schema)).toEqual([]);
    expect(await events(database, schema)).toEqual(["0002_broken up failed : division by zero"]);
    await migrate(connection, schema, broken("CREATE TABLE a (id int)").slice(1));
    expect(await ledgerRows(database, schema)).toEqual(["1 0002_broken applied", "2 0003_after applied"]);
  });

  test("a constraint that fails only at COMMIT takes everything back", async () => {
    const schema = await schemaNamed("at_commit");
    const sql = `CREATE TABLE p (id int PRIMARY KEY);
      CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);
      INSERT INTO c VALUES (1);`;
    expect(await problemsOf(migrate(connection, schema, broken(sql)))).toMatchObject([
      { code: "step-failed", error: { sqlstate: "23503" }, at: "0001_users", statement: undefined, line: undefined },
    ]);
    expect(await objectsOf(database, schema)).toEqual(AFTER_FIRST);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied"]);
  });

  test("a down that fails leaves its revision applied, those above it gone", async () => {
    const schema = await schemaNamed("down_fails");
    const history = historyOf({
      "0001_users": salonScript(0),
      "0002_stuck": { up: "CREATE TABLE b (id int)", down: "DROP TABLE b; DROP TABLE nothing_of_this_name" },
      "0003_top": { up: "CREATE TABLE c (id int)", down: "DROP TABLE c" },
    });
    await migrate(connection, schema, history);
    expect(await problemsOf(migrate(connection, schema, history, { target: "base" }))).toMatchObject([
      { code: "step-failed", revision: "0002_stuck", direction: "down", at: "0002_stuck" },
    ]);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied", "2 0002_stuck applied"]);
    const objects = await objectsOf(database, schema);
    expect(objects).toContain("table b");
    expect(objects).not.toContain("table c");
  });

  test("COMMIT inside a DO block or a procedure is refused by the server, and nothing remains", async () => {
    const schema = await schemaNamed("hidden_commit");
    const scripts = [
      "CREATE TABLE a (id int); DO $$ BEGIN INSERT INTO a VALUES (1); COMMIT; END $$",
      "CREATE TABLE a (id int); CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$; CALL p()",
    ];
    for (const sql of scripts) {
      expect(await problemsOf(migrate(connection, schema, broken(sql)))).toMatchObject([
        { code: "step-failed", error: { sqlstate: "2D000" }, at: "0001_users" },
      ]);
    }
    expect(await objectsOf(database, schema)).toEqual(AFTER_FIRST);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied"]);
  });

  test("nothing of a script is seen by others before its ledger row is", async () => {
    const schema = await schemaNamed("half");
    await migrate(connection, schema, broken(""), { target: "1" });
    await withSession(connection, async (other) => {
      await other.query("BEGIN; LOCK TABLE half.migration_ledger IN SHARE MODE");
      const running = migrate(connection, schema, broken("CREATE TABLE a (id int)"), { target: "2" });
      // The script is done, its row waits for the lock.
      await expect
        .poll(() =>
          query("SELECT 1 AS waits FROM pg_locks WHERE relation = 'half.migration_ledger'::regclass AND NOT granted"),
        )
        .toHaveLength(1);
      expect(await objectsOf(database, schema)).toEqual(AFTER_FIRST);
      await other.query("ROLLBACK");
      await running;
    });
    expect(await objectsOf(database, schema)).toContain("table a");
  });

  test("a ledger row that is refused takes the script back", async () => {
    const schema = await schemaNamed("row_refused");
    const alter = "ALTER TABLE migration_ledger ADD CHECK (entry < 2 OR outcome = 'failed')";
    const taken = `CREATE TABLE a (id int); DO $$ BEGIN ${alter}; END $$`;
    expect(await problemsOf(migrate(connection, schema, broken(taken)))).toMatchObject([
      { code: "step-failed", error: { sqlstate: "23514" }, at: "0001_users" },
    ]);
    expect(await objectsOf(database, schema)).toEqual(AFTER_FIRST);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied"]);
  });
});

describe("scripts as they come", () => {
  const shapes: Readonly<Record<string, Scripts>> = {
    "0001_no_final_semicolon": "CREATE TABLE a1 (id int)",
    "0002_trailing_comment": "CREATE TABLE a2 (id int); -- and that was it",
    "0003_comment_without_semicolon": "CREATE TABLE a3 (id int) -- and that was it",
    "0004_block_comment": "CREATE TABLE a4 (id int) /* the end; */",
    "0005_crlf": "CREATE TABLE a5 (\r\n  id int\r\n);\r\nCOMMENT ON TABLE a5 IS 'two\r\nlines';\r\n",
    "0006_bom": "\uFEFFCREATE TABLE a6 (id int);",
    "0007_empty": "",
    "0008_only_a_comment": "-- nothing to do here\n",
    "0009_semicolons": ";;CREATE TABLE a9 (id int);;;",
    "0010_wrapper": "-- as pg_dump does it\nBEGIN;\nCREATE TABLE a10 (id int);\nINSERT INTO a10 VALUES (1);\nCOMMIT;\n",
    "0011_wrapper_in_words": "START TRANSACTION;\nCREATE TABLE a11 (id int);\nEND",
    "0012_do_block": "DO $body$ BEGIN EXECUTE 'CREATE TABLE a12 (id int)'; END $body$;",
    "0013_function": `CREATE FUNCTION f(text) RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT $1; SELECT $1 || ';'; END;
      CREATE TABLE a13 AS SELECT f('a;b') AS t;`,
    "0014_savepoint": "SAVEPOINT s; CREATE TABLE gone (id int); ROLLBACK TO s; RELEASE s; CREATE TABLE a14 (id int)",
    "0015_strings": `CREATE TABLE a15 (t text DEFAULT E'it\\'s; -- "x" $$'); COMMENT ON TABLE a15 IS 'ção 😀 \\';`,
    "0016_only_down": { up: "", down: "DROP TABLE a1" },
    "0017_rows": "SELECT generate_series(1, 3); VALUES (1), (2); TABLE a1",
  };

  test("all of them run, in one transaction each", async () => {
    const schema = await schemaNamed("shapes");
    const results = await migrate(connection, schema, historyOf(shapes));
    expect(results.map(({ revision }) => revision)).toEqual(Object.keys(shapes));
    const tables = (await objectsOf(database, schema)).filter((object) => object.startsWith("table "));
    expect(tables.toSorted()).toEqual(
      ["a1", "a2", "a3", "a4", "a5", "a6", "a9", "a10", "a11", "a12", "a13", "a14", "a15"]
        .map((name) => `table ${name}`)
        .toSorted(),
    );
    expect(await ledgerRows(database, schema)).toHaveLength(Object.keys(shapes).length);
    expect(
      await query(
        "SELECT obj_description('shapes.a5'::regclass) AS a5, obj_description('shapes.a15'::regclass) AS a15",
      ),
    ).toEqual([{ a5: "two\nlines", a15: "ção 😀 \\" }]);
  });

  test("a revision that was applied without an up script can get an empty one, and its down runs", async () => {
    const schema = await schemaNamed("only_down");
    await query("CREATE TABLE only_down.a1 (id int)");
    const scripts = { down: "DROP TABLE a1" };
    const empty = historyOf({ "0001_only_down": { ...scripts, up: "" } });
    await migrate(connection, schema, empty);
    for (const history of [empty, historyOf({ "0001_only_down": scripts })]) {
      expect(await migrate(connection, schema, history)).toEqual([]);
    }
    await migrate(connection, schema, historyOf({ "0001_only_down": scripts }), { target: "base" });
    expect(await objectsOf(database, schema)).toEqual([]);
  });

  test("a large script runs whole", async () => {
    const schema = await schemaNamed("large");
    const rows = Array.from(
      { length: 2_000 },
      (_, index) => `INSERT INTO seed VALUES (${index}, '${"x".repeat(200)}');`,
    );
    const wide = `INSERT INTO seed SELECT 0, '${"y".repeat(4_000_000)}';`;
    await migrate(
      connection,
      schema,
      historyOf({ "0001_seed": ["CREATE TABLE seed (id int, t text);", ...rows, wide].join("\n") }),
    );
    expect(await query("SELECT count(*)::int, max(length(t)) FROM large.seed")).toEqual([
      { count: 2_001, max: 4_000_000 },
    ]);
  });
});

test("a step in a transaction is one round trip", async () => {
  const schema = await schemaNamed("round_trips");
  await withSession(connection, async (client) => {
    const counted: number[] = [];
    for (const target of ["1", "base", "1", "3"]) {
      counted.push(await roundTrips(client, () => migrateIn(client, schema, salon, target)));
    }
    const [, one = 0, , two = 0] = counted;
    expect(two - one).toBe(1);
  });
});

test("the lock's key is a hash of the schema's name, the same for ever", () => {
  expect([lockKey("prod"), lockKey("dev")]).toMatchInlineSnapshot(`
    [
      -2715248274534283982n,
      -8493836128272087242n,
    ]
  `);
});

function tableOf(name: string): Scripts {
  return { up: `CREATE TABLE ${name} (id int)`, down: `DROP TABLE ${name}` };
}

function salonScript(index: number): Scripts {
  const { up, down } = salon[index] ?? {};
  return { ...(up && { up: up.sql }), ...(down && { down: down.sql }) };
}
