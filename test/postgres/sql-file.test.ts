import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { parseSync } from "libpg-query";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { History, Revision } from "../../src/history/revision.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { readLedgers } from "../../src/postgres/ledger-table.ts";
import type { StepSettings } from "../../src/postgres/step-messages.ts";
import { writeSqlFile } from "../../src/pulumi/sql-file.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { insertEntries, standingRows } from "../support/ledger.ts";
import { migrate, planFor, problemsOf, SETTINGS, withSession } from "../support/migrate.ts";
import { events, ledgerRows, objectsOf } from "../support/objects.ts";
import { pgVariables } from "../support/project.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { connection, query } = database;
const folder = mkdtempSync(join(tmpdir(), "sql-file-"));
const before = process.cwd();
beforeAll(() => process.chdir(folder));
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

const hasPsql = (await execa("psql", ["--version"], { reject: false })).exitCode === 0;

/** Runs a preview's file and says whether it came to its end. */
type Runner = (file: string) => Promise<boolean>;

const psql: Runner = async (file) => {
  const args = ["--no-psqlrc", "--quiet", "--output=/dev/null", `--file=${file}`];
  const { exitCode } = await execa("psql", args, { env: { ...pgVariables(connection) }, reject: false });
  return exitCode === 0;
};

/** Statement by statement, as psql sends them; its own commands, which begin with a backslash, are left out. */
const statementByStatement: Runner = (file) =>
  withSession(connection, async (client) => {
    const text = readFileSync(file, "utf8")
      .replaceAll("\\gset\n", ";\n")
      .replaceAll(/^\s*\\.*$/gm, "");
    const bytes = Buffer.from(text, "utf8");
    for (const { stmt_location = 0, stmt_len } of parseSync(text).stmts ?? []) {
      await client.query(bytes.subarray(stmt_location, stmt_len && stmt_location + stmt_len).toString("utf8"));
    }
    return true;
  });

const history = historyOf({
  "0001_users": {
    up: "-- usuários; 日本語\nCREATE TABLE users (id int PRIMARY KEY, name text DEFAULT E'it\\'s; \\\\ :name')",
    down: "DROP TABLE users",
  },
  "0002_function": {
    up: `CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
           -- :not_a_variable; \\not_a_command
           RETURN 1; END $$;`,
    down: "DROP FUNCTION f()",
  },
  "0003_index": {
    up: "CREATE INDEX CONCURRENTLY by_name ON users (name);\nCREATE INDEX CONCURRENTLY i2 ON users (id)",
  },
  "0004_wrapped": { up: "BEGIN;\nINSERT INTO users VALUES (1);\nALTER TABLE users ADD cpf varchar(14);\nCOMMIT;\n" },
  "0005_nothing": "-- only a comment",
  "0006_extension_path": "CREATE TABLE t AS SELECT answer() AS answer -- no semicolon",
});
const settings: StepSettings = { ...SETTINGS, searchPath: ["extras"] };
const owner = useRole(database);
beforeAll(() =>
  query(
    `CREATE SCHEMA extras; CREATE FUNCTION extras.answer() RETURNS int LANGUAGE sql AS 'SELECT 42'; GRANT USAGE ON SCHEMA extras TO ${owner.user}`,
  ),
);

/** A revision in TypeScript, which fills the table of the one before it. */
function withCode(id: string, transaction: boolean): Revision {
  const [made] = historyOf({ [id]: { up: "// TypeScript", transaction } });
  if (!made?.up) throw new Error("It has an up script.");
  return { ...made, up: { ...made.up, code: async (client) => void (await client.query("INSERT INTO a VALUES (7)")) } };
}

async function plansFor(schemas: readonly string[], from: History, target = "head"): Promise<readonly Plan[]> {
  const ledgers = await withSession(connection, (client) => readLedgers(client, schemas));
  return ledgers.map((ledger) => planFor(ledger, from, target));
}

/** What a schema and its ledger hold, without times, owners of runs and the schema's own name. */
async function contents(schema: string): Promise<unknown> {
  const quoted = `"${schema.replaceAll('"', '""')}"`;
  return {
    objects: await objectsOf(database, schema),
    events: await events(database, schema),
    ledger: await standingRows(database, schema),
    users: await query(`SELECT * FROM ${quoted}.users`),
  };
}

/** To whom a schema and its relations belong. */
async function ownersIn(schema: string): Promise<unknown> {
  const rows = await query<{ name: string; owner: string }>(
    `SELECT 'schema' AS name, nspowner::regrole AS owner FROM pg_namespace WHERE nspname = $1
      UNION ALL SELECT relname, relowner::regrole FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)`,
    [schema],
  );
  return Object.fromEntries(rows.map((row) => [row.name, row.owner]));
}

const runners: readonly (readonly [string, Runner])[] = [
  ["statement by statement", statementByStatement],
  // A machine without psql runs the same file the other way: no promise is left untested in silence.
  [hasPsql ? "psql" : "(no psql here) statement by statement", hasPsql ? psql : statementByStatement],
];

describe.each(runners)("the file of a preview, run by %s,", (name, run) => {
  const schemas = [`${name} new`, `${name} "half"; --`];

  test("does what an up does: same objects, same ledger, same events; missing schemas are made", async () => {
    const [fresh = "", half = ""] = schemas;
    const [upped, uppedHalf] = [`${fresh} up`, `${half} up`];
    for (const schema of [half, upped, uppedHalf]) await query(`CREATE SCHEMA "${schema.replaceAll('"', '""')}"`);
    for (const schema of [half, uppedHalf]) await migrate(connection, schema, history, { ...settings, target: "2" });

    const file = writeSqlFile(`${name} up`, await plansFor(schemas, history), settings, "ana@laptop");
    expect(await query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [fresh])).toEqual([]);
    expect(await run(file)).toBe(true);

    await migrate(connection, upped, history, settings);
    await migrate(connection, uppedHalf, history, settings);
    expect(await contents(fresh)).toEqual(await contents(upped));
    expect(await contents(half)).toEqual(await contents(uppedHalf));
    expect(await ledgerRows(database, fresh)).toHaveLength(6);
  });

  test("gives what it makes to the schema's owner as an up does, the schema with it", async () => {
    const [filed, upped] = [`${name} owned`, `${name} owned up`];
    const owned = { ...settings, owner: owner.user };
    expect(await run(writeSqlFile(filed, await plansFor([filed], history), owned, "ana@laptop"))).toBe(true);
    await migrate(connection, upped, history, owned);
    expect(await contents(filed)).toEqual(await contents(upped));
    expect(await ownersIn(filed)).toEqual(await ownersIn(upped));
    expect(await ownersIn(filed)).toMatchObject({ schema: owner.user, migration_ledger: connection.user });
    await query(`DROP SCHEMA "${filed}", "${upped}" CASCADE`);
  });

  test.each([
    ["in a transaction", ""],
    ["outside a transaction", "-- migrate:no-transaction\n"],
  ])("stops before a script %s whose owner may not use the schema", async (how, directive) => {
    const schema = `${name} shut ${how}`;
    await query(`CREATE SCHEMA "${schema}"`);
    const plans = await plansFor([schema], historyOf({ "0001_a": `${directive}CREATE TABLE a (id int)` }));
    const file = writeSqlFile(schema, plans, { ...SETTINGS, owner: owner.user }, "ana@laptop");
    expect(await run(file).catch(() => false)).toBe(false);
    expect(await ownersIn(schema)).toEqual({ schema: connection.user });
  });

  test("is nothing to do when it ran: the next plan is empty", async () => {
    expect((await plansFor(schemas, history)).map((plan) => plan.steps.length)).toEqual([0, 0]);
  });

  test("goes down as well", async () => {
    const downs = historyOf({ "0001_a": { up: "CREATE TABLE a (id int)", down: "DROP TABLE a" } });
    const schema = `${name} down`;
    await query(`CREATE SCHEMA "${schema}"`);
    await migrate(connection, schema, downs);
    const file = writeSqlFile(`${name} down`, await plansFor([schema], downs, "base"), settings, "ana@laptop");
    expect(await run(file)).toBe(true);
    expect(await objectsOf(database, schema)).toEqual([]);
    expect(await events(database, schema)).toEqual(["0001_a up done", "0001_a down done"]);
  });

  test.each([
    ["outside a transaction", false],
    ["in a transaction", true],
  ])("stops before a migration in TypeScript %s, so that an up goes on from there", async (how, transaction) => {
    const schema = `${name} code ${how}`;
    const [first, last] = [historyOf({ "0001_a": "CREATE TABLE a (id int)" }), historyOf({ "0003_c": "SELECT 1" })];
    const mixed = [...first, withCode("0002_big", transaction), ...last];
    const file = writeSqlFile(schema, await plansFor([schema], mixed), settings, "ana@laptop");
    expect(readFileSync(file, "utf8").split("\n").slice(0, 3).join("\n")).toContain(
      "\n-- Without 0002_big, which is TypeScript and runs only in pulumi up: there it stops.",
    );
    expect(await run(file).catch(() => false)).toBe(false);
    expect(await events(database, schema)).toEqual(["0001_a up done"]);
    await migrate(connection, schema, mixed, settings);
    expect(await query(`SELECT * FROM "${schema}".a`)).toEqual([{ id: 7 }]);
    expect(await ledgerRows(database, schema)).toHaveLength(3);
  });

  test("stops at a script that fails, at the last whole step", async () => {
    const schema = `${name} broken`;
    const broken = historyOf({
      "0001_a": "CREATE TABLE a (id int)",
      "0002_b": "CREATE TABLE b (id int); SELECT 1/0",
      "0003_c": "CREATE TABLE c (id int)",
    });
    const file = writeSqlFile(`${name} broken`, await plansFor([schema], broken), settings, "ana@laptop");
    expect(await run(file).catch(() => false)).toBe(false);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_a applied"]);
    expect((await objectsOf(database, schema)).filter((object) => object.startsWith("table"))).toEqual(["table a"]);
  });
});

// Its conditions are psql's own; no other runner knows them.
describe.skipIf(!hasPsql)(
  `a step that goes on after an interruption, run by psql${hasPsql ? "" : " (skipped: no psql here)"}`,
  () => {
    const indexes = historyOf({
      "0001_users": "CREATE TABLE users (id int, email text); INSERT INTO users VALUES (1, 'ana'), (2, 'ana')",
      "0002_indexes": {
        up: "CREATE INDEX CONCURRENTLY by_id ON users (id);\nCREATE UNIQUE INDEX CONCURRENTLY by_email ON users (email);",
        down: "DROP INDEX CONCURRENTLY by_email;\nDROP INDEX CONCURRENTLY by_id;",
      },
    });

    async function interrupted(schema: string): Promise<void> {
      await query(`CREATE SCHEMA ${schema}`);
      await problemsOf(migrate(connection, schema, indexes));
      expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied", "2 0002_indexes applying"]);
      expect(await objectsOf(database, schema)).toContain("index by_email (invalid)");
      await query(`DELETE FROM ${schema}.users WHERE id = 2`);
    }

    test("on the way up: builds an INVALID index anew, and leaves a valid one alone", async () => {
      await interrupted("resumed");
      const oid = () => query("SELECT 'resumed.by_id'::regclass::oid AS oid");
      const before = await oid();
      expect(await psql(writeSqlFile("resumed", await plansFor(["resumed"], indexes), settings, "ana@laptop"))).toBe(
        true,
      );
      expect(await ledgerRows(database, "resumed")).toEqual(["1 0001_users applied", "2 0002_indexes applied"]);
      expect((await objectsOf(database, "resumed")).filter((object) => object.startsWith("index"))).toEqual([
        "index by_email",
        "index by_id",
      ]);
      expect(await oid()).toEqual(before);
    });

    test("on the way down: drops what is still there", async () => {
      await interrupted("resumed_down");
      await migrate(connection, "resumed_down", indexes);
      await query(
        `DROP INDEX resumed_down.by_email; ${insertEntries("resumed_down", "(9, '0002_indexes', 'down', 'started', NULL, NULL, NULL)")}`,
      );
      const plans = await plansFor(["resumed_down"], indexes, "1");
      expect(await psql(writeSqlFile("resumed_down", plans, settings, "ana@laptop"))).toBe(true);
      expect(await ledgerRows(database, "resumed_down")).toEqual(["1 0001_users applied"]);
      expect((await objectsOf(database, "resumed_down")).filter((object) => object.startsWith("index"))).toEqual([]);
    });
  },
);

test("writing it asks the server for nothing, and holds no password", async () => {
  const plans = await plansFor(["another"], history);
  const text = readFileSync(writeSqlFile("silent", plans, settings, "ana@laptop"), "utf8");
  expect(text).not.toContain(connection.password);
  expect(await query("SELECT 1 FROM pg_namespace WHERE nspname = 'another'")).toEqual([]);
});

test("resources of one program follow each other in it", async () => {
  const [first = [], second = []] = [await plansFor(["one"], history), await plansFor(["two"], history)];
  writeSqlFile("both", first, settings, "ana@laptop");
  const text = readFileSync(writeSqlFile("both", second, settings, "ana@laptop"), "utf8");
  expect(text.match(/^-- (one|two): .*$/gm)).toEqual([
    "-- one: base -> 0006_extension_path",
    "-- two: base -> 0006_extension_path",
  ]);
});
