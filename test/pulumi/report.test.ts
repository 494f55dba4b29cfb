import { describe, expect, it } from "vitest";
import { previewReports } from "../../src/pulumi/report.ts";
import { both, ledgerOf, ledgerRows, noLedger, plan, revision, row } from "../plan/build.ts";

const USERS = revision("0001_create_users", {
  up: "CREATE TABLE users (id bigint PRIMARY KEY, name text);\n",
  down: "DROP TABLE users;\n",
});
const CPF = revision("0002_add_cpf", {
  up: "ALTER TABLE users\n  ADD COLUMN cpf varchar(14),\n  ADD COLUMN cep varchar(9);\nCREATE INDEX ON users (cpf);\n",
  down: "ALTER TABLE users\n  DROP COLUMN cep,\n  DROP COLUMN cpf;\n",
});
const INDEX = revision("0003_index_cep", {
  up: "CREATE INDEX CONCURRENTLY users_cep ON users (cep);\n",
  down: "DROP INDEX CONCURRENTLY users_cep;\n",
});
const HISTORY = [USERS, CPF, INDEX];

const FILE = ".preview/prod.sql";

/** All reports as one text, warnings marked, as a user reads them below each other. */
const report = (...plans: readonly ReturnType<typeof plan>[]): string =>
  previewReports(plans, FILE)
    .map(({ text, warning }) => `${warning ? "[warning] " : ""}${text}`)
    .join("\n---\n");

describe("the preview says", () => {
  it("an upgrade: from, to, and each step in words and in SQL", () => {
    expect(report(plan({ ledger: ledgerOf([USERS]), history: HISTORY }))).toMatchInlineSnapshot(`
      "prod: 0001_create_users → 0003_index_cep, 2 steps
        ↑ 0002_add_cpf
            add column users.cpf varchar(14)
            add column users.cep varchar(9)
            create index on users (cpf)
            | ALTER TABLE users
            |   ADD COLUMN cpf varchar(14),
            |   ADD COLUMN cep varchar(9);
            | CREATE INDEX ON users (cpf);
        ↑ 0003_index_cep, outside a transaction
            create index users_cep on users (cep), concurrently
            | CREATE INDEX CONCURRENTLY users_cep ON users (cep);
      ---
      The SQL, exactly as it would run: .preview/prod.sql"
    `);
  });

  it("an upgrade of a schema that does not exist yet, held back by a pin", () => {
    const ledger = noLedger({ schema: "tenant 7", schemaExists: false });
    expect(report(plan({ ledger, history: HISTORY, target: "0001" }))).toMatchInlineSnapshot(`
      "tenant 7: base → 0001_create_users, 1 step (the schema is created first); 2 revisions held back
        ↑ 0001_create_users
            create table users (id, name)
            | CREATE TABLE users (id bigint PRIMARY KEY, name text);
      ---
      The SQL, exactly as it would run: .preview/prod.sql"
    `);
  });

  it("what a script changes in a schema that it names", () => {
    const audit = revision("0002_audit", { up: "CREATE TABLE IF NOT EXISTS audit.entries (at timestamptz);\n" });
    expect(report(plan({ ledger: ledgerOf([USERS]), history: [USERS, audit] }))).toMatchInlineSnapshot(`
      "prod: 0001_create_users → 0002_audit, 1 step
        ↑ 0002_audit, no way back: it has no down script
            create table audit.entries (at)
            | CREATE TABLE IF NOT EXISTS audit.entries (at timestamptz);
      ---
      [warning] migrations/0002_audit.up.sql:1: "CREATE TABLE IF NOT EXISTS audit.entries (at timestamptz)" names schema "audit", and changes it whatever schema it runs for. Where each schema should have its own, leave the name out.
      ---
      The SQL, exactly as it would run: .preview/prod.sql"
    `);
  });

  it("what an upgrade drops that holds something, before its steps", () => {
    const history = [
      USERS,
      CPF,
      revision("0003_no_cpf", { up: "ALTER TABLE users DROP COLUMN cpf, DROP COLUMN cep;\n" }),
    ];
    const losses = [{ schema: "prod", holder: { table: "users", column: "cpf" }, count: 50, exact: true }];
    const [first] = previewReports([plan({ ledger: ledgerOf([USERS, CPF]), history })], FILE, losses);
    expect(first?.text.split("\n").slice(0, 4)).toMatchInlineSnapshot(`
      [
        "prod: 0002_add_cpf → 0003_no_cpf, 1 step",
        "  It will:",
        "    - drop column users.cpf, with 50 values",
        "  ↑ 0003_no_cpf, no way back: it has no down script",
      ]
    `);
  });

  it("since when a few are where most others have left", () => {
    const at = (applied: number, schema: string, since?: string) =>
      plan({
        ledger: { ...ledgerOf(HISTORY.slice(0, applied), schema), since: since ? new Date(since) : undefined },
        history: HISTORY,
      });
    const titles = (...plans: readonly ReturnType<typeof plan>[]) =>
      previewReports(plans, FILE).flatMap(({ text }) => text.split("\n").filter((line) => line.includes("→")));
    const [left, also, never] = [at(1, "c", "2026-11-20T14:05:33Z"), at(1, "d", "2026-11-20T14:06:59Z"), at(0, "e")];
    expect(titles(at(2, "a", "2026-11-24T09:00:00Z"), at(3, "b"), at(3, "f"), left, also, never)).toEqual([
      "a: 0002_add_cpf → 0003_index_cep, 1 step; behind 2 others, unchanged since 2026-11-24 09:00",
      "c, d: 0001_create_users → 0003_index_cep, 2 steps; behind 3 others, unchanged since 2026-11-20 14:06",
      "e: base → 0003_index_cep, 3 steps",
    ]);
    // A canary is ahead of all others; that is no reason to call them late.
    expect(titles(at(3, "canary"), left, also)).toEqual(["c, d: 0001_create_users → 0003_index_cep, 2 steps"]);
  });

  it("a downgrade, loudly, and first of all what will be gone", () => {
    expect(report(plan({ ledger: ledgerOf(HISTORY), history: HISTORY, target: "0001" }))).toMatchInlineSnapshot(`
      "[warning] DOWNGRADE prod: 0003_index_cep → 0001_create_users, 2 steps; 2 revisions held back
        It will:
          - drop index users_cep, concurrently
          - drop column users.cep
          - drop column users.cpf
        ↓ 0003_index_cep, outside a transaction
            drop index users_cep, concurrently
            | DROP INDEX CONCURRENTLY users_cep;
        ↓ 0002_add_cpf
            drop column users.cep
            drop column users.cpf
            | ALTER TABLE users
            |   DROP COLUMN cep,
            |   DROP COLUMN cpf;
      ---
      The SQL, exactly as it would run: .preview/prod.sql"
    `);
  });

  it("a downgrade that drops nothing lists no losses", () => {
    const history = [both("0001_a"), both("0002_b")];
    const text = report(plan({ ledger: ledgerOf(history), history, target: "0001" }));
    expect(text).toMatch(/^\[warning\] DOWNGRADE prod: 0002_b → 0001_a, 1 step/);
    expect(text).not.toContain("It will:");
  });

  it("a downgrade by a script that only the ledger has", () => {
    const back = plan({ ledger: ledgerOf([USERS, CPF]), history: [USERS], target: "0001" });
    expect(report(back)).toContain("  ↓ 0002_add_cpf, its down script taken from the ledger\n");
  });

  it("a plan that goes both ways: as the graver of the two, losses of its downs only", () => {
    const history = [USERS, revision("0002_tidy", { up: "DELETE FROM users WHERE name IS NULL;\n" }), INDEX];
    expect(report(plan({ ledger: ledgerOf([USERS, INDEX]), history, target: "0002" }))).toMatchInlineSnapshot(`
      "[warning] DOWNGRADE prod: 0003_index_cep → 0002_tidy, 2 steps; 1 revision held back
        It will:
          - drop index users_cep, concurrently
        ↓ 0003_index_cep, outside a transaction
            drop index users_cep, concurrently
            | DROP INDEX CONCURRENTLY users_cep;
        ↑ 0002_tidy, no way back: it has no down script
            delete some rows of users
            | DELETE FROM users WHERE name IS NULL;
      ---
      The SQL, exactly as it would run: .preview/prod.sql"
    `);
  });

  it("a step without any statement", () => {
    const history = [USERS, revision("0002_nothing", { up: "-- moved to 0003\n" })];
    expect(report(plan({ ledger: ledgerOf([USERS]), history }))).toMatchInlineSnapshot(`
      "prod: 0001_create_users → 0002_nothing, 1 step
        ↑ 0002_nothing, no way back: it has no down script
            no statement: only the ledger changes
            | -- moved to 0003
      ---
      The SQL, exactly as it would run: .preview/prod.sql"
    `);
  });

  it("a long script in words alone: the file has the whole", () => {
    const up = Array.from({ length: 7 }, (_, index) => `CREATE SEQUENCE s${index};\n`).join("");
    const text = report(plan({ ledger: ledgerOf([USERS]), history: [USERS, revision("0002_long", { up })] }));
    expect(text).toContain("      create sequence s6\n");
    expect(text).not.toContain("|");
    expect(text).toContain(`The SQL, exactly as it would run: ${FILE}`);
  });

  it("what is not in the file, since it is TypeScript", () => {
    const history = ["0002_big", "0003_small"].map((id) => ({
      ...revision(id, { up: "" }),
      up: { file: `migrations/${id}.ts`, sql: "// TypeScript", code: async () => {} },
    }));
    const lastLine = (to: string) =>
      report(plan({ ledger: ledgerOf([USERS]), history: [USERS, ...history], target: to }))
        .split("\n")
        .at(-1);
    expect(lastLine("2")).toBe(
      `The SQL, exactly as it would run: ${FILE} (without 0002_big, which is TypeScript and runs only in pulumi up)`,
    );
    expect(lastLine("3")).toBe(
      `The SQL, exactly as it would run: ${FILE} (without 0002_big and 0003_small, which are TypeScript and run only in pulumi up)`,
    );
  });

  it("a script wrapped in a transaction without its wrapper", () => {
    const wrapped = revision("0002_wrapped", { up: "BEGIN;\nCREATE SEQUENCE s;\nCOMMIT;\n" });
    const text = report(plan({ ledger: ledgerOf([USERS]), history: [USERS, wrapped] }));
    expect(text).toContain("      create sequence s\n      | CREATE SEQUENCE s;\n---");
  });

  it("nothing to do: neither a step nor a file", () => {
    expect(report(plan({ ledger: ledgerOf(HISTORY), history: HISTORY }))).toMatchInlineSnapshot(
      `"prod: 0003_index_cep, nothing to do"`,
    );
    expect(report(plan({ ledger: ledgerOf([USERS]), history: HISTORY, target: "0001" }))).toMatchInlineSnapshot(
      `"prod: 0001_create_users, nothing to do; 2 revisions held back"`,
    );
  });
});

describe("many schemas", () => {
  const at = (schema: string, applied: typeof HISTORY, target = "head") =>
    plan({ ledger: ledgerOf(applied, schema), history: HISTORY, target });

  it("that go the same way are told together, each way once", () => {
    const text = report(
      at("dev", HISTORY),
      at("tenant_1", [USERS, CPF]),
      at("tenant_2", [USERS]),
      at("tenant_3", [USERS, CPF]),
      at("prod", HISTORY),
      at("pinned", [USERS], "0001"),
    );
    expect(text).toMatchInlineSnapshot(`
      "tenant_1, tenant_3: 0002_add_cpf → 0003_index_cep, 1 step
        ↑ 0003_index_cep, outside a transaction
            create index users_cep on users (cep), concurrently
            | CREATE INDEX CONCURRENTLY users_cep ON users (cep);
      ---
      tenant_2: 0001_create_users → 0003_index_cep, 2 steps
        ↑ 0002_add_cpf
            add column users.cpf varchar(14)
            add column users.cep varchar(9)
            create index on users (cpf)
            | ALTER TABLE users
            |   ADD COLUMN cpf varchar(14),
            |   ADD COLUMN cep varchar(9);
            | CREATE INDEX ON users (cpf);
        ↑ 0003_index_cep, outside a transaction
            create index users_cep on users (cep), concurrently
            | CREATE INDEX CONCURRENTLY users_cep ON users (cep);
      ---
      dev, prod: 0003_index_cep, nothing to do
      pinned: 0001_create_users, nothing to do; 2 revisions held back
      The SQL, exactly as it would run: .preview/prod.sql"
    `);
  });

  it("that take the same steps by different scripts are told apart", () => {
    const recorded = ledgerRows([row(USERS), row(CPF, { down: "ALTER TABLE users DROP COLUMN cpf;\n" })], "b");
    const request = { history: [USERS, CPF], target: "0001", downFrom: "ledger" } as const;
    const reports = previewReports(
      [plan({ ...request, ledger: ledgerOf([USERS, CPF], "a") }), plan({ ...request, ledger: recorded })],
      FILE,
    );
    expect(reports.map(({ text }) => text.split(":")[0])).toEqual([
      "DOWNGRADE a",
      "DOWNGRADE b",
      "The SQL, exactly as it would run",
    ]);
  });

  it("of which one goes down: only its report is a warning", () => {
    const reports = previewReports([at("up", [USERS]), at("down", HISTORY, "0001"), at("still", HISTORY)], FILE);
    expect(reports.map(({ warning }) => warning)).toEqual([false, true, false]);
  });
});
