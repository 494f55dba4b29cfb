import { describe, expect, it, test } from "vitest";
import type { Wish } from "../../src/fleet/run-schema.ts";
import type { Ledger } from "../../src/plan/ledger.ts";
import { Refusal } from "../../src/problem.ts";
import { errorText } from "../../src/problem-text.ts";
import { previewReports } from "../../src/pulumi/report.ts";
import { refused } from "../history/refused.ts";
import { both, ledgerOf, moves, noLedger, plan, revision, row, ledgerRows as rowsOf } from "../plan/build.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { ledgerOf as ledgerIn, migrate, newRun, up, withSession } from "../support/migrate.ts";
import { events, ledgerRows, objectsOf } from "../support/objects.ts";

const [A, B, C] = [both("0001_1f0c6a2b9d11_a"), both("0002_8285db59cac3_b"), both("0003_add_cpf")] as const;
const HISTORY = [A, B, C];

/** A schema that was there before us, with what Alembic's table says. */
function found(alembic?: string): Ledger {
  return noLedger({ populated: true, alembic });
}

type Choices = Pick<Parameters<typeof plan>[0], "target" | "baseline" | "adopt">;

const planned = (ledger: Ledger, choices: Choices) => plan({ ledger, history: HISTORY, ...choices });
const refusal = (ledger: Ledger, choices: Choices) => refused(() => planned(ledger, choices));
/** `baseline 0001_a`, `folder 0002_b`: what a step's script comes from. */
const sources = (ledger: Ledger, choices: Choices) =>
  planned(ledger, choices).steps.map(({ source, revision: id }) => `${source} ${id}`);

describe("a baseline", () => {
  it("is recorded without running it, and the plan goes on to the target", () => {
    const to = planned(found(), { baseline: "8285db59cac3" });
    expect(to.steps.map(({ source, revision: id }) => `${source} ${id}`)).toEqual([
      `baseline ${A.id}`,
      `baseline ${B.id}`,
      `folder ${C.id}`,
    ]);
    expect(to).toMatchObject({ from: "base", to: C.id, createsLedger: true });
    expect(to.steps[0]).toMatchObject({
      script: { statements: [], sql: "", mode: "transaction" },
      checksum: A.checksum,
      down: A.down?.sql,
    });
  });

  it("may be head, a number, a full id; the target may stop at it", () => {
    expect(sources(found(), { baseline: "head" })).toEqual(HISTORY.map(({ id }) => `baseline ${id}`));
    expect(sources(found(), { baseline: "1", target: "1" })).toEqual([`baseline ${A.id}`]);
    expect(sources(found(), { baseline: B.id, target: B.id })).toEqual([`baseline ${A.id}`, `baseline ${B.id}`]);
  });

  it("at base takes nothing over, also where Alembic was", () => {
    expect(sources(found("8285db59cac3"), { baseline: "base", target: "1" })).toEqual([`folder ${A.id}`]);
  });

  it("is for an empty ledger only: one row, and it does nothing", () => {
    expect(sources(ledgerOf([A]), { baseline: "head" })).toEqual([`folder ${B.id}`, `folder ${C.id}`]);
    expect(planned(ledgerOf(HISTORY), { baseline: "nonsense", adopt: "alembic" }).steps).toEqual([]);
    expect(moves(planned(ledgerOf(HISTORY), { baseline: "head", target: "1" }))).toEqual([
      `down ${C.id}`,
      `down ${B.id}`,
    ]);
  });

  it("needs nothing of a script that it does not run, not even that it can be parsed", () => {
    const broken = revision("0001_old", { up: "CREATE TABEL a ();" });
    expect(moves(plan({ ledger: found(), history: [broken], baseline: "head" }))).toEqual(["up 0001_old"]);
    expect(() => plan({ ledger: found(), history: [broken] })).toThrow(Refusal);
  });

  it("above the target is refused: it would be a rollback of what was never run here", () => {
    expect(refusal(found(), { baseline: "add_cpf", target: "8285db59cac3" })).toMatchInlineSnapshot(
      `"Schema "prod" would be taken over at 0003_add_cpf, above its target "8285db59cac3". Take it over first (target head or the baseline), then roll back."`,
    );
    expect(refusal(found("add_cpf"), { adopt: "alembic", target: "base" })).toMatchInlineSnapshot(
      `"Schema "prod" would be taken over at 0003_add_cpf, above its target "base". Take it over first (target head or the baseline), then roll back."`,
    );
  });

  it("that is unknown is refused, with near names", () => {
    expect(refusal(found(), { baseline: "8285db59cac8" })).toMatchInlineSnapshot(
      `"Target "8285db59cac8" is not in the history, whose head is 0003_add_cpf. Did you mean 0002_8285db59cac3_b? A target is head, base, a revision's id, number, name or the beginning of one, or a step like -1."`,
    );
  });

  it("that fits several is refused", () => {
    expect(refusal(found(), { baseline: "000" })).toMatchInlineSnapshot(
      `"Target "000" fits 0001_1f0c6a2b9d11_a, 0002_8285db59cac3_b and 0003_add_cpf. Write more of the one you mean."`,
    );
  });

  it("relative is refused: there is no place to count from", () => {
    expect(refusal(found(), { baseline: "-1" })).toMatchInlineSnapshot(
      `"Baseline "-1" names no place in the history: it wants head, base, or a revision's id, number, name or its beginning."`,
    );
    expect(refusal(found(), { baseline: "+2" })).toMatchInlineSnapshot(
      `"Baseline "+2" names no place in the history: it wants head, base, or a revision's id, number, name or its beginning."`,
    );
  });
});

describe("a schema that has tables and no ledger", () => {
  const unknown = (ledger: Ledger, choices: Choices = {}) => planned(ledger, choices).unknownTables;

  it("is known as one, until somebody has said what is there", () => {
    expect(unknown(found())).toBe(true);
    expect(unknown({ ...found(), exists: true, entries: 1 })).toBe(true);
    for (const baseline of ["head", "1", "base"]) expect(unknown(found(), { baseline })).toBe(false);
    expect(unknown(found("8285db59cac3"), { adopt: "alembic" })).toBe(false);
  });

  it("is none where it is empty, was migrated by us before, or has nothing to do", () => {
    expect(unknown(noLedger())).toBe(false);
    expect(unknown({ ...found(), used: true })).toBe(false);
    expect(unknown(found(), { target: "base" })).toBe(false);
  });

  it("is told with a warning and the way out, apart from the empty ones that take the same steps", () => {
    const empty = { ...noLedger(), schema: "fresh" };
    const reports = previewReports(
      ["old", "older"].map((schema) => planned({ ...found(), schema }, {})).concat(planned(empty, {})),
      ".preview/prod.sql",
    );
    expect(reports.map(({ text, warning }) => [warning, ...text.split("\n").slice(0, 2)])).toMatchInlineSnapshot(`
      [
        [
          true,
          "old, older: base → 0003_add_cpf, 3 steps",
          "  old, older hold tables that no ledger knows. If these revisions are there already: pulumi config set baseline REVISION",
        ],
        [
          false,
          "fresh: base → 0003_add_cpf, 3 steps",
          "  ↑ 0001_1f0c6a2b9d11_a",
        ],
        [
          false,
          "The SQL, exactly as it would run: .preview/prod.sql",
        ],
      ]
    `);
  });
});

describe("a schema that Alembic migrated", () => {
  it("is refused without a word in the config, and the way is told", () => {
    expect(refusal(found("8285db59cac3"), {})).toMatchInlineSnapshot(
      `"Schema "prod" was migrated by Alembic, which left it at 8285db59cac3: our 0002_8285db59cac3_b. To take it over from there: pulumi config set adopt alembic. Its table alembic_version stays as it is."`,
    );
  });

  it("is taken over from its revision with adopt", () => {
    expect(sources(found("8285db59cac3"), { adopt: "alembic" })).toEqual([
      `baseline ${A.id}`,
      `baseline ${B.id}`,
      `folder ${C.id}`,
    ]);
  });

  it("a configured baseline wins over what Alembic's table says", () => {
    expect(sources(found("add_cpf"), { adopt: "alembic", baseline: "1", target: "2" })).toEqual([
      `baseline ${A.id}`,
      `folder ${B.id}`,
    ]);
  });

  it("adopt without a table of Alembic takes nothing over", () => {
    expect(sources(found(), { adopt: "alembic", target: "1" })).toEqual([`folder ${A.id}`]);
  });

  it("at a revision that no file is named after is refused, with adopt and without", () => {
    expect(refusal(found("deadbeef0000"), {})).toMatchInlineSnapshot(
      `"Schema "prod" was migrated by Alembic, which left it at deadbeef0000, and no revision here begins with that. To take it over from there: pulumi config set baseline REVISION. Its table alembic_version stays as it is."`,
    );
    expect(refusal(found("deadbeef0000"), { adopt: "alembic" })).toMatchInlineSnapshot(
      `"Schema "prod" is at Alembic's deadbeef0000, and no single revision's name here begins with that. Name the place: pulumi config set baseline REVISION."`,
    );
  });

  it("with several heads is refused, with adopt and without", () => {
    expect(refusal(found("8285db59cac3, add_cpf"), {})).toMatchInlineSnapshot(
      `"Schema "prod" was migrated by Alembic, which left it at 8285db59cac3, add_cpf, and no revision here begins with that. To take it over from there: pulumi config set baseline REVISION. Its table alembic_version stays as it is."`,
    );
    expect(refusal(found("8285db59cac3, add_cpf"), { adopt: "alembic" })).toMatchInlineSnapshot(
      `"Schema "prod" is at Alembic's 8285db59cac3, add_cpf, and no single revision's name here begins with that. Name the place: pulumi config set baseline REVISION."`,
    );
  });
});

describe("a revision that says it is irreversible", () => {
  const REASON = "the old amounts are gone";
  const refusedDown = (applied: ReturnType<typeof revision>, ledgerDown = applied.down?.sql, history = [A, applied]) =>
    refused(() => plan({ ledger: rowsOf([row(A), row(applied, { down: ledgerDown })]), history, target: "1" }));

  it("in its up script: a rollback across it is refused with the reason; one above it is not", () => {
    const up = revision("0002_cents", { up: `-- migrate:irreversible ${REASON}\nSELECT 1;\n` });
    expect(refusedDown(up)).toMatchInlineSnapshot(
      `"Schema "prod" cannot go down from 0002_cents, which says that it is irreversible: the old amounts are gone. Choose a target at or above it, or restore a backup."`,
    );
    const above = plan({ ledger: ledgerOf([A, up, C]), history: [A, up, C], target: "2" });
    expect(moves(above)).toEqual([`down ${C.id}`]);
  });

  it("in its down script, wherever the comment stands, with or without a reason", () => {
    const down = revision("0002_cents", {
      up: "SELECT 1;\n",
      down: `SELECT 1;\n\n--  migrate:irreversible: ${REASON}\n`,
    });
    expect(refusedDown(down)).toContain(`irreversible: ${REASON}. Choose`);
    const silent = revision("0002_cents", { up: "SELECT 1;\n", down: "-- migrate:irreversible\n" });
    expect(refusedDown(silent)).toMatchInlineSnapshot(
      `"Schema "prod" cannot go down from 0002_cents, which says that it is irreversible: no reason given. Choose a target at or above it, or restore a backup."`,
    );
  });

  it("is remembered by the ledger when its files are gone", () => {
    const up = revision("0002_cents", { up: `-- migrate:irreversible ${REASON}\nSELECT 1;\n` });
    const [step] = plan({ ledger: found(), history: [up] }).steps;
    expect(step?.down).toBe(`-- migrate:irreversible ${REASON}\n`);
    expect(refusedDown(up, step?.down, [A])).toContain(`irreversible: ${REASON}. Choose`);
    const down = revision("0002_cents", { up: "SELECT 1;\n", down: `-- migrate:irreversible ${REASON}\n` });
    expect(refusedDown(down, down.down?.sql, [A])).toContain(`irreversible: ${REASON}. Choose`);
  });

  it("is only told by a comment: not by a string, a quoted body, a block comment or a sentence", () => {
    for (const sql of [
      "SELECT '\n-- migrate:irreversible in a string\n';\n",
      "DO $$ BEGIN\n-- migrate:irreversible in a body\nEND $$;\n",
      "/*\n-- migrate:irreversible in a block\n*/ SELECT 1;\n",
      "-- see migrate:irreversible\nSELECT 1;\n",
    ]) {
      const plain = revision("0002_cents", { up: "SELECT 1;\n", down: sql });
      const to = plan({ ledger: ledgerOf([A, plain]), history: [A, plain], target: "1" });
      expect(moves(to)).toEqual(["down 0002_cents"]);
      const upOnly = revision("0002_cents", { up: sql });
      expect(refusedDown(upOnly)).toContain("it has no down script");
    }
  });
});

const database = useDatabase();
const { query, connection } = database;

const LIVE = historyOf({
  "0001_1f0c6a2b9d11_users": { up: "CREATE TABLE users (id int)", down: "DROP TABLE users" },
  "0002_8285db59cac3_email": {
    up: "ALTER TABLE users ADD email text",
    down: "ALTER TABLE users DROP email",
  },
  "0003_add_cpf": { up: "ALTER TABLE users ADD cpf text", down: "ALTER TABLE users DROP cpf" },
});
const [USERS = "", EMAIL = "", CPF = ""] = LIVE.map(({ id }) => id);

/** A schema at the second revision of LIVE, made by someone else. */
async function foundSchema(name: string, ...heads: readonly string[]): Promise<void> {
  await query(`CREATE SCHEMA ${name}; CREATE TABLE ${name}.users (id int, email text)`);
  if (heads.length === 0) return;
  await query(`CREATE TABLE ${name}.alembic_version (version_num varchar(32) PRIMARY KEY)`);
  await query(`INSERT INTO ${name}.alembic_version SELECT unnest($1::text[])`, [heads]);
}

/** One up over one schema; its problems in words. */
async function upOf(schema: string, choices: Partial<Wish> = {}) {
  const wish: Wish = { history: LIVE, target: "head", allowOutOfOrder: false, ...choices };
  const [result] = await up(connection, { [schema]: wish });
  if (!result) throw new Error("no result");
  return { ...result, words: result.problems.length > 0 ? errorText(new Refusal(result.problems)) : "" };
}

describe("on the server", () => {
  test("a baseline is recorded, then the rest runs; afterwards it does nothing", async () => {
    await foundSchema("base_line");
    const result = await upOf("base_line", { baseline: "8285db59cac3" });
    expect(result).toMatchObject({ from: "base", to: CPF, problems: [] });
    expect(result.steps.map(({ revision, recorded }) => [revision, recorded])).toEqual([
      [USERS, true],
      [EMAIL, true],
      [CPF, undefined],
    ]);
    expect(await events(database, "base_line")).toEqual([
      `${USERS} up recorded`,
      `${EMAIL} up recorded`,
      `${CPF} up done`,
    ]);
    expect(await ledgerRows(database, "base_line")).toEqual([
      `1 ${USERS} applied`,
      `2 ${EMAIL} applied`,
      `3 ${CPF} applied`,
    ]);
    expect(await objectsOf(database, "base_line")).toEqual([
      "column users.cpf text",
      "column users.email text",
      "column users.id integer",
      "table users",
    ]);

    await upOf("base_line", { target: "1", baseline: "head" });
    expect(await objectsOf(database, "base_line")).toEqual(["column users.id integer", "table users"]);
    await upOf("base_line", { baseline: "head" });
    expect(await objectsOf(database, "base_line")).toContain("column users.cpf text");
    expect((await events(database, "base_line")).filter((event) => event.endsWith("recorded"))).toHaveLength(2);
  });

  test("without a word about it, the first script that makes what is there fails with the way out", async () => {
    await foundSchema("unsaid");
    expect((await upOf("unsaid")).words).toMatchInlineSnapshot(`
      "Schema "unsaid", migrations/0001_1f0c6a2b9d11_users.up.sql:1: relation "users" already exists (SQLSTATE 42P07)
        CREATE TABLE users (id int)
      Nothing of 0001_1f0c6a2b9d11_users remains; the schema is at base. Mend the script and run again.
      The schema holds tables that no ledger knows. If these revisions are there already: pulumi config set baseline REVISION"
    `);
    // The failure is in the ledger by now, which changes nothing.
    expect((await upOf("unsaid")).problems).toMatchObject([{ code: "step-failed", cause: "there-already" }]);
    expect(await upOf("unsaid", { baseline: "2" })).toMatchObject({ to: CPF, problems: [] });
  });

  test("a later script that makes what is there is wrong in itself", async () => {
    await query("CREATE SCHEMA beside; CREATE TABLE beside.other ()");
    const history = historyOf({ "0001_a": "CREATE TABLE a ()", "0002_b": "CREATE TABLE other ()" });
    expect((await upOf("beside", { history })).problems).toMatchObject([{ code: "step-failed", cause: "script" }]);
  });

  test("what was recorded before a step failed is told as recorded, not as run", async () => {
    await foundSchema("base_fails");
    await query("ALTER TABLE base_fails.users ADD cpf text");
    const result = await upOf("base_fails", { baseline: "2" });
    expect(result).toMatchObject({ to: EMAIL, problems: [{ code: "step-failed" }] });
    expect(result.steps.map(({ revision, recorded }) => [revision, recorded])).toEqual([
      [USERS, true],
      [EMAIL, true],
    ]);
  });

  test("its events say who recorded it, and no duration; its rows hold what a rollback needs", async () => {
    await foundSchema("told");
    const run = newRun();
    const wish = { history: LIVE, target: "2", allowOutOfOrder: false, baseline: "2" };
    await up(connection, { told: wish }, { run });
    expect(await query("SELECT run, actor, duration_ms, error FROM told.migration_ledger")).toEqual(
      [1, 2].map(() => ({ run: run.id, actor: run.actor, duration_ms: null, error: null })),
    );
    const ledger = await withSession(connection, (client) => ledgerIn(client, "told"));
    expect(ledger.applied.map(({ checksum, down }) => ({ checksum, down }))).toEqual(
      LIVE.slice(0, 2).map((each) => ({ checksum: each.checksum, down: each.down?.sql })),
    );
  });

  test("Alembic's table is read, and left as it is", async () => {
    await foundSchema("adopted", "8285db59cac3");
    const rows = () => query("SELECT *, xmin::text, ctid::text FROM adopted.alembic_version");
    const before = await rows();
    expect((await upOf("adopted")).words).toMatchInlineSnapshot(
      `"Schema "adopted" was migrated by Alembic, which left it at 8285db59cac3: our 0002_8285db59cac3_email. To take it over from there: pulumi config set adopt alembic. Its table alembic_version stays as it is."`,
    );
    expect(await query("SELECT to_regclass('adopted.migration_ledger') AS ledger")).toEqual([{ ledger: null }]);
    expect(await upOf("adopted", { adopt: "alembic" })).toMatchObject({ to: CPF, problems: [] });
    expect(await events(database, "adopted")).toEqual([
      `${USERS} up recorded`,
      `${EMAIL} up recorded`,
      `${CPF} up done`,
    ]);
    expect(await rows()).toEqual(before);
    // No longer asked: the ledger has the word now.
    expect(await upOf("adopted")).toMatchObject({ to: CPF, steps: [], problems: [] });
  });

  test("several heads are refused, as is an unknown one; nothing is written", async () => {
    await foundSchema("heads", "8285db59cac3", "add_cpf");
    await foundSchema("unknown", "deadbeef0000");
    for (const choices of [{}, { adopt: "alembic" }] as const) {
      expect((await upOf("heads", choices)).words).toContain("8285db59cac3, add_cpf");
      expect((await upOf("unknown", choices)).words).toContain("deadbeef0000");
    }
    expect(
      await query(
        "SELECT nspname FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid WHERE nspname IN ('heads', 'unknown') AND relname = 'migration_ledger'",
      ),
    ).toEqual([]);
    expect(await upOf("unknown", { baseline: "2" })).toMatchObject({ to: CPF, problems: [] });
  });

  test("an empty table of Alembic, as at its base, takes nothing over", async () => {
    await query("CREATE SCHEMA fresh; CREATE TABLE fresh.alembic_version (version_num varchar(32) PRIMARY KEY)");
    expect(await upOf("fresh")).toMatchObject({ to: CPF, problems: [] });
    expect((await events(database, "fresh")).at(0)).toBe(`${USERS} up done`);
  });

  test("another schema's table of Alembic is none of this one's", async () => {
    await foundSchema("other", "8285db59cac3");
    await query("CREATE SCHEMA mine");
    expect(await upOf("mine", { adopt: "alembic" })).toMatchObject({ to: CPF, problems: [] });
    expect((await events(database, "mine")).at(0)).toBe(`${USERS} up done`);
  });

  test("an irreversible revision stays, also when its file is gone", async () => {
    await query("CREATE SCHEMA stays");
    const once = historyOf({
      "0001_users": { up: "CREATE TABLE users (id int)", down: "DROP TABLE users" },
      "0002_cents": "-- migrate:irreversible the old amounts are gone\nALTER TABLE users ADD cents int",
    });
    await migrate(connection, "stays", once);
    expect((await upOf("stays", { history: once, target: "1" })).words).toMatchInlineSnapshot(
      `"Schema "stays" cannot go down from 0002_cents, which says that it is irreversible: the old amounts are gone. Choose a target at or above it, or restore a backup."`,
    );
    expect((await upOf("stays", { history: once.slice(0, 1), target: "1" })).words).toContain(
      "the old amounts are gone",
    );
    expect(await objectsOf(database, "stays")).toContain("column users.cents integer");
    expect(await ledgerRows(database, "stays")).toHaveLength(2);
  });
});

/** Known defects. Each of these turns red when it is mended: take the `.fails` away then. */
describe("what is taken over, and what is not", () => {
  test("a schema that we rolled back to base is at base, and has nothing to do there", async () => {
    await foundSchema("down", "8285db59cac3");
    await upOf("down", { adopt: "alembic" });
    await upOf("down", { adopt: "alembic", target: "base" });
    expect(await upOf("down", { adopt: "alembic", target: "base" })).toMatchObject({ steps: [], words: "" });
  });

  test("a schema that we rolled back to base is not taken over again: what was dropped would be missing", async () => {
    await foundSchema("again", "8285db59cac3");
    await upOf("again", { adopt: "alembic" });
    await upOf("again", { adopt: "alembic", target: "base" });
    await upOf("again", { adopt: "alembic" });
    expect(await objectsOf(database, "again")).toContain("column users.cpf text");
  });

  test("a baseline left in the config does not claim that an empty schema holds everything", async () => {
    await query("CREATE SCHEMA tenant_new");
    await upOf("tenant_new", { baseline: "head" });
    expect(await objectsOf(database, "tenant_new")).toContain("table users");
  });

  it("an id of digits is Alembic's own, not one of our numbers", () => {
    const ids = ["0001_0000_a", "0002_0001_b", "0003_0002_c"].map(both);
    const steps = plan({ ledger: found("0001"), history: ids, adopt: "alembic" }).steps;
    expect(steps.map(({ source }) => source)).toEqual(["baseline", "baseline", "folder"]);
  });

  it("an irreversible up script is irreversible beside a down script too", () => {
    const two = revision("0002_cents", { up: "-- migrate:irreversible gone\nSELECT 1;\n", down: "SELECT 2;\n" });
    expect(refused(() => plan({ ledger: ledgerOf([A, two]), history: [A, two], target: "1" }))).toContain("gone");
  });

  it("a refused baseline is called a baseline, and not told to be a step", () => {
    const words = refusal(found(), { baseline: "-1" });
    expect(words).toContain("aseline");
    expect(words).not.toContain("or a step like -1");
  });
});
