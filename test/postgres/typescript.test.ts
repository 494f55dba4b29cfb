import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readHistory } from "../../src/history/read-history.ts";
import { errorText } from "../../src/problem-text.ts";
import { useDatabase } from "../support/database.ts";
import { migrate, problemsOf } from "../support/migrate.ts";
import { ledgerRows } from "../support/objects.ts";

const database = useDatabase();
const { connection, query } = database;

// Below the project, where a migration can import its packages and types.
const folder = mkdtempSync(join(import.meta.dirname, "migrations-"));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;

/** A history of a table and one migration in TypeScript; each its own file, since Node loads a module once. */
function historyWith(module: string) {
  count += 1;
  const place = mkdtempSync(join(folder, "h-"));
  writeFileSync(join(place, "0001_users.up.sql"), "CREATE TABLE users (id int, shout text)");
  writeFileSync(join(place, "0001_users.down.sql"), "DROP TABLE users");
  writeFileSync(join(place, `0002_code_${count}.ts`), module);
  return () => readHistory(place);
}

async function schemaNamed(name: string): Promise<string> {
  await query(`CREATE SCHEMA ${name}`);
  return name;
}

/** The pattern of docs/typescript.md: a large table in portions, each its own transaction, that can be run again. */
const BACKFILL = `
import type { Migration } from "../../../../src/history/migration.ts";

export const transaction = false;

export const up: Migration = async (client) => {
  for (;;) {
    const { rowCount } = await client.query(
      "UPDATE users SET shout = 'HEY' WHERE id IN (SELECT id FROM users WHERE shout IS NULL ORDER BY id LIMIT $1)",
      [10],
    );
    if (!rowCount) return;
  }
};

export const down: Migration = async (client) => {
  await client.query("UPDATE users SET shout = NULL");
};
`;

describe("a migration in TypeScript", () => {
  it("runs in the step's transaction, on its schema, and is told its name", async () => {
    const schema = await schemaNamed("code_up");
    const history = historyWith(`
      export async function up(client, schema) { await client.query("INSERT INTO users VALUES (1, $1)", [schema]); }
      export async function down(client) { await client.query("DELETE FROM users"); }
    `)();
    await migrate(connection, schema, history);
    expect(await query("SELECT * FROM code_up.users")).toEqual([{ id: 1, shout: "code_up" }]);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied", `2 ${history[1]?.id} applied`]);
    await migrate(connection, schema, history, { target: "1" });
    expect(await query("SELECT * FROM code_up.users")).toEqual([]);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied"]);
  });

  it("that throws leaves nothing, whatever it threw", async () => {
    const schema = await schemaNamed("code_throws");
    const history = historyWith(`
      export async function up(client) { await client.query("INSERT INTO users VALUES (1)"); throw new Error("no such salon"); }
    `)();
    const problems = await problemsOf(migrate(connection, schema, history));
    expect(problems).toMatchObject([{ code: "step-failed", error: { message: "no such salon" } }]);
    expect(await query("SELECT * FROM code_throws.users")).toEqual([]);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied"]);
  });

  it("may not end its transaction", async () => {
    const schema = await schemaNamed("code_commits");
    const history = historyWith(
      `export async function up(client) { await client.query("INSERT INTO users VALUES (1); COMMIT"); }`,
    )();
    const problems = await problemsOf(migrate(connection, schema, history));
    expect(problems).toMatchObject([
      { code: "step-failed", error: { message: expect.stringContaining("must not end or begin one") } },
    ]);
    expect(await query("SELECT * FROM code_commits.users")).toEqual([]);
  });

  it.each([
    ["discard its session, which holds the lock", "DISCARD ALL"],
    ["reset its search path, which leads to the schema", "RESET ALL"],
    ["let go of all locks, that on the schema among them", "SELECT pg_advisory_unlock_all()"],
  ])("may not %s", async (words, sql) => {
    const schema = await schemaNamed(`code_${sql.split(" ")[0]?.toLowerCase()}`);
    const history = historyWith(`
      export const transaction = false;
      export async function up(client) { await client.query("${sql}"); }
    `)();
    const problems = await problemsOf(migrate(connection, schema, history));
    expect(problems).toMatchObject([
      { code: "step-failed", error: { message: expect.stringContaining(`must not ${words}`) } },
    ]);
  });

  it("that forgets an await is not done, and reaches no other step's session", async () => {
    const schema = await schemaNamed("code_forgets");
    const history = historyWith(`
      export async function up(client) {
        [1, 2].forEach(async (id) => {
          await client.query("INSERT INTO users VALUES ($1)", [id]);
          await client.query("INSERT INTO users VALUES ($1)", [id + 10]);
        });
      }
    `)();
    const problems = await problemsOf(migrate(connection, schema, history));
    expect(problems).toMatchObject([
      { code: "step-failed", error: { message: expect.stringContaining("an await is missing") } },
    ]);
    expect(await query("SELECT * FROM code_forgets.users")).toEqual([]);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_users applied"]);
  });

  it("outside a transaction fills a large table in portions", async () => {
    const schema = await schemaNamed("code_backfill");
    const history = historyWith(BACKFILL)();
    await migrate(connection, schema, history, { target: "1" });
    await query("INSERT INTO code_backfill.users SELECT generate_series(1, 95)");
    await migrate(connection, schema, history);
    expect(
      await query(
        "SELECT count(*)::int AS n, count(DISTINCT xmin::text)::int AS portions FROM code_backfill.users WHERE shout = 'HEY'",
      ),
    ).toEqual([{ n: 95, portions: 10 }]);
  });

  it("keeps its time-outs", async () => {
    const schema = await schemaNamed("code_slow");
    const history = historyWith(`export async function up(client) { await client.query("SELECT pg_sleep(10)"); }`)();
    const problems = await problemsOf(migrate(connection, schema, history, { statementTimeoutMs: 100 }));
    expect(problems).toMatchObject([{ code: "step-failed", error: { sqlstate: "57014" } }]);
  });

  it("that is edited after it was applied is refused, and one without down cannot go down", async () => {
    const schema = await schemaNamed("code_edited");
    const history = historyWith(`export async function up() {}`)();
    await migrate(connection, schema, history);
    const edited = history.map((each, index) => (index === 1 ? { ...each, checksum: "0".repeat(32) } : each));
    expect(await problemsOf(migrate(connection, schema, edited))).toMatchObject([{ code: "edited" }]);
    expect(await problemsOf(migrate(connection, schema, history, { target: "1" }))).toMatchObject([
      { code: "down-missing" },
    ]);
  });

  it.each([
    ["exports nothing", "export {};"],
    ["exports a wrong up", "export const up = 'CREATE TABLE t ()';"],
    ["does not parse", "export const up = ("],
    ["throws when it is loaded", "throw new Error('not today'); export async function up() {}"],
  ])("that %s is refused with its file", (_, module) => {
    try {
      historyWith(module)();
    } catch (error) {
      expect(errorText(error)).toMatch(/0002_code_\d+\.ts: is no migration\. /);
      return;
    }
    throw new Error("it was read");
  });
});
