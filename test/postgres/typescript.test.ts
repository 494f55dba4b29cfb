import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readHistory } from "../../src/history/read-history.ts";
import { errorText, problemText } from "../../src/problem-text.ts";
import { refused } from "../history/refused.ts";
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

/** A text without the folders of the test's own, and the number of its module. */
function withoutPlaces(text: string): string {
  return text.replaceAll(/\S*migrations-\w+\/(h-\w+\/)?/g, "").replaceAll(/0002_code_\d+/g, "0002");
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

  it.each([
    ["a query", `await client.query("UPDATE users SET shoot = 1");`, "UPDATE users SET shoot = 1"],
    [
      "a query that nobody waits for at once",
      `const all = [client.query("SELEC 1")];\n await Promise.all(all);`,
      "SELEC 1",
    ],
    ["a query that is refused", `await client.query("COMMIT");`, "COMMIT"],
    ["itself", "missing();", undefined],
    ["what it catches and tells in other words", "try { missing() } catch { throw new Error('no') }", undefined],
  ])("that fails by %s tells the line in its file, and the query", async (what, code, statement) => {
    const schema = await schemaNamed(`code_place_${what.replaceAll(" ", "_")}`);
    const history = historyWith(
      `\nexport async function up(client) {\n  // The third line, and the fourth:\n${code}\n}`,
    )();
    const problems = await problemsOf(migrate(connection, schema, history));
    expect(problems).toMatchObject([{ code: "step-failed", line: 4, statement }]);
  });

  it("tells where it failed as a script does", async () => {
    const schema = await schemaNamed("code_told");
    const history = historyWith(`export const up = (client) =>\n  client.query("SELECT totl\\n  FROM users", []);`)();
    const problems = await problemsOf(migrate(connection, schema, history));
    expect(withoutPlaces(problems.map(problemText).join())).toMatchInlineSnapshot(`
      "Schema "code_told", 0002.ts:2: column "totl" does not exist (SQLSTATE 42703)
        SELECT totl
          FROM users
      Nothing of 0002 remains; the schema is at 0001_users. Mend the script and run again."
    `);
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
    ["change the ledger, which says what is applied", "DELETE FROM migration_ledger"],
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
    [
      "does not parse",
      `export async function up(client) {\n  await client.query("a" "b");\n}`,
      ":2:26: cannot be loaded. Expected ',', got 'string literal'.",
    ],
    ["ends too early", "export const up = (", ":1: cannot be loaded. Expression expected."],
    [
      "says a thing twice",
      "const a = 1;\nconst a = 2;\nexport {};",
      ": cannot be loaded. Identifier 'a' has already been declared.",
    ],
    [
      "throws when it is loaded",
      "\nthrow new Error('not today'); export async function up() {}",
      ":2:7: cannot be loaded. not today.",
    ],
  ])("that %s is refused with its place, as far as Node says it", (_, module, text) => {
    expect(withoutPlaces(refused(historyWith(module)))).toBe(`0002.ts${text}`);
  });

  it("that imports what cannot be read is refused with the place of that", () => {
    writeFileSync(join(folder, "shared.ts"), "\nexport x = 1;");
    const history = historyWith("import '../shared.ts'; export const up = () => {};");
    expect(withoutPlaces(refused(history))).toBe("shared.ts:2:8: cannot be loaded. Expected '{', got 'ident'.");
  });

  it.each([
    ["exports nothing", "export {};"],
    ["exports a wrong up", "export const up = 'CREATE TABLE t ()';"],
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
