/** Inputs that surprised an earlier version, each with what has to happen. */
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../src/config.ts";
import { readHistory } from "../src/history/read-history.ts";
import { resolveTarget, targetOf } from "../src/history/target.ts";

import { previewReports } from "../src/pulumi/report.ts";
import { describeStatement } from "../src/script/describe-statement.ts";
import { parseScript } from "../src/script/parse-script.ts";
import { refused } from "./history/refused.ts";
import { both, ledgerOf, moves, plan } from "./plan/build.ts";

const [A, B, C, D] = [both("0001_a"), both("0002_b"), both("0003_c"), both("0004_d")] as const;
const parse = (sql: string, transaction?: boolean) => parseScript({ file: "x.up.sql", sql }, transaction);
const words = (sql: string) =>
  parse(sql)
    .statements.flatMap((s) => describeStatement(s.node, s.sql))
    .map((e) => e.words);
const drops = (sql: string) =>
  parse(sql)
    .statements.flatMap((s) => describeStatement(s.node, s.sql))
    .some((e) => e.drops);
const config = (values: object, env = { PGHOST: "db" } as Record<string, string>) =>
  parseConfig({ schemas: ["prod"], ...values }, env);
const folder = () => mkdtempSync(join(tmpdir(), "m-"));

describe("steps from a revision that the folder lacks", () => {
  it("+1 never goes down", () => {
    expect(refused(() => plan({ ledger: ledgerOf([A, B, C, D]), history: [A, B, C], target: "+1" }))).toContain(
      "0004_d",
    );
  });
  it("-1 is one step down, or says that the folder lacks the revision", () => {
    let text = "";
    try {
      expect(moves(plan({ ledger: ledgerOf([A, B, C, D]), history: [A, B, C], target: "-1" }))).toEqual([
        "down 0004_d",
      ]);
    } catch {
      text = refused(() => plan({ ledger: ledgerOf([A, B, C, D]), history: [A, B, C], target: "-1" }));
      expect(text).toContain("lacks");
    }
  });
});

describe("steps and positions with revisions applied out of order", () => {
  it("-1 is one step", () => {
    expect(
      moves(plan({ ledger: ledgerOf([A, C, B]), history: [A, B, C], target: "-1", allowOutOfOrder: true })),
    ).toHaveLength(1);
  });
  it("a schema at head is at head, also when a late file came last", () => {
    const up = plan({ ledger: ledgerOf([A, C]), history: [A, B, C], allowOutOfOrder: true });
    expect(up.to).toBe("0003_c");
    expect(plan({ ledger: ledgerOf([A, C, B]), history: [A, B, C] }).from).toBe("0003_c");
  });
});

describe("config", () => {
  it("a URL without password or user leaves both to the environment", () => {
    const { connection } = config({ url: "postgres://db/salon" }, { PGUSER: "deploy", PGPASSWORD: "hunter2" });
    expect(connection).toMatchObject({ user: "deploy", password: "hunter2" });
  });
  it("a URL without a host and no PGHOST: is refused in words", () => {
    expect(refused(() => config({ url: "postgres:///salon" }, {}))).not.toBe("");
  });
  it.each(["maybe", "TRUE", "yes", "1", "ture"])("allowOutOfOrder %s is yes or refused, never silently no", (value) => {
    let parsed: unknown;
    try {
      parsed = config({ allowOutOfOrder: value }).allowOutOfOrder;
    } catch {
      parsed = true;
    }
    expect(parsed).toBe(true);
  });
  it("empty PG* variables count as unset, as in libpq", () => {
    expect(
      config({}, { PGHOST: "db", PGPORT: "", PGUSER: "", PGDATABASE: "", PGSSLMODE: "" }).connection,
    ).toMatchObject({
      port: 5432,
      user: "postgres",
      database: "postgres",
      sslmode: "require",
    });
  });
  it("PGPORT that is no port is refused by that name", () => {
    expect(refused(() => config({}, { PGHOST: "db", PGPORT: "abc" }))).toContain("PGPORT");
  });
  it("PGSSLMODE that cannot be kept is refused by that name", () => {
    expect(refused(() => config({}, { PGHOST: "db", PGSSLMODE: "prefer" }))).toContain("PGSSLMODE");
  });
  it("a blank time-out is not 'for ever'", () => {
    expect(() => config({ lockTimeoutMs: " " })).toThrow();
    expect(() => config({ lockTimeoutMs: [] })).toThrow();
  });
  it("no schemas and no connection are told together", () => {
    const text = refused(() => parseConfig({}, {}));
    expect(text).toContain("schemas");
    expect(text).toContain("No connection");
  });
  it("a URL in host is refused without being shown", () => {
    expect(refused(() => config({ host: "postgres://u:hunter2@db/x" }))).not.toContain("hunter2");
  });
  it("a pin that is an object is refused", () => {
    expect(() => config({ pins: { prod: { a: 1 } } })).toThrow();
  });
  it("words, not zod's own", () => {
    expect(refused(() => config({ schemas: '["dev", 1]' }))).not.toContain("Invalid input");
    expect(refused(() => config({ password: 5 }))).not.toContain("Invalid input");
  });
  it("wants one of: each schema once", () => {
    expect(refused(() => config({ schemas: ["dev", "dev"], pins: { x: "1" } }))).not.toContain("dev, dev");
  });
  it("suggests a key only where it is near", () => {
    expect(refused(() => config({ qqqqqqqqqq: "1" }))).not.toContain("Did you mean");
  });
});

describe("the folder", () => {
  it("a file in its place is not 'does not exist'", () => {
    const file = join(folder(), "migrations");
    writeFileSync(file, "");
    expect(refused(() => readHistory(file))).toContain("is a file");
  });
  it("a script that is not UTF-8 is refused, not changed", () => {
    const place = folder();
    writeFileSync(join(place, "1_x.up.sql"), Buffer.from("SELECT 'ação';", "latin1"));
    expect(refused(() => readHistory(place))).toContain("UTF-8");
  });
  it("a revision folder without a number is told once, as a folder", () => {
    const place = folder();
    mkdirSync(join(place, "create_users"));
    for (const name of ["up.sql", "down.sql"]) writeFileSync(join(place, "create_users", name), "");
    const text = refused(() => readHistory(place));
    expect(text.split("\n")).toHaveLength(1);
    expect(text).not.toContain(".up.sql");
  });
  it("a linked revision folder is read as the folder it is", () => {
    const [place, real] = [folder(), folder()];
    writeFileSync(join(real, "up.sql"), "SELECT 1;");
    symlinkSync(real, join(place, "0001_linked"));
    expect(readHistory(place)).toHaveLength(1);
  });
  it("a .SQL file is not silently left out", () => {
    const place = folder();
    writeFileSync(join(place, "0001_x.up.SQL"), "SELECT 1;");
    let found = 0;
    try {
      found = readHistory(place).length;
    } catch {
      found = 1;
    }
    expect(found).toBe(1);
  });
  it("two ups and two downs of one number are one problem", () => {
    const place = folder();
    for (const name of ["1_a", "1_b"])
      for (const way of ["up", "down"]) writeFileSync(join(place, `${name}.${way}.sql`), "");
    expect(refused(() => readHistory(place)).split("\n")).toHaveLength(1);
  });
});

describe("targets", () => {
  const ids = Array.from({ length: 15 }, (_, i) => `${String(i + 1).padStart(4, "0")}_r${i}`);
  it.each(["99", "x", ""])("%j has nothing near", (text) => {
    expect(refused(() => resolveTarget(ids, text))).not.toContain("Did you mean");
  });
  it("an ambiguous beginning names a few, not a thousand", () => {
    const many = Array.from({ length: 1000 }, (_, i) => `2024${String(i).padStart(4, "0")}_r`);
    expect(refused(() => resolveTarget(many, "2024")).length).toBeLessThan(500);
  });
  it.each(["constructor", "toString"])("a schema named %s has no pin of its own", (schema) => {
    expect(targetOf({ pins: {}, target: "head" }, schema)).toBe("head");
  });
});

describe("scripts", () => {
  it("a wrapped script that asks for no transaction does not lose its atomicity silently", () => {
    const script = "-- migrate:no-transaction\nBEGIN; INSERT INTO a VALUES (1); INSERT INTO a VALUES (2); COMMIT;";
    let mode: string;
    try {
      mode = parse(script).mode;
    } catch {
      mode = "refused";
    }
    expect(mode).not.toBe("autocommit");
  });
  it("a wrapped CONCURRENTLY is told to lose its wrapper", () => {
    expect(refused(() => parse("BEGIN; CREATE INDEX CONCURRENTLY ON a(b); COMMIT;"))).toMatch(/BEGIN/);
  });
  it.each(["ALTER DATABASE x SET TABLESPACE y", "ALTER SUBSCRIPTION s REFRESH PUBLICATION"])(
    "%s runs outside",
    (sql) => {
      expect(parse(sql).mode).toBe("autocommit");
    },
  );
  it("REINDEX (CONCURRENTLY false) runs inside", () => {
    expect(parse("REINDEX (CONCURRENTLY false) TABLE t").mode).toBe("transaction");
  });
  it("the caret points right behind tabs and emoji", () => {
    const text = refused(() => parse("\tSELECT '😀' FORM users;"));
    const [, line = "", caret = ""] = text.split("\n");
    expect(caret).toMatch(/^ {2}\t/);
    expect([...line].indexOf("u")).toBe([...caret].indexOf("^"));
  });
  it("a long line is shown around the place", () => {
    const text = refused(() => parse(`INSERT INTO a VALUES ${"(1), ".repeat(5000)} FORM`));
    expect(text.length).toBeLessThan(600);
  });
});

describe("words", () => {
  it("of a schema's new name", () => expect(words("ALTER SCHEMA a RENAME TO b")).toEqual(["rename schema a to b"]));
  it("of a constraint not yet validated", () =>
    expect(words("ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0) NOT VALID")).toEqual([
      "add check c to users, not yet validated",
    ]));
  it("of intervals", () =>
    expect(words("ALTER TABLE u ADD COLUMN a interval hour, ADD COLUMN b interval(3)")).toEqual([
      "add column u.a interval",
      "add column u.b interval(3)",
    ]));
  it("of a qualified type", () => expect(words("DROP TYPE billing.status")).toEqual(["drop type billing.status"]));
  it("of RESET", () => expect(words("RESET lock_timeout")).toEqual(["reset lock_timeout"]));
  it("of COPY from a query", () => expect(words("COPY (SELECT 1) TO '/tmp/x'")).toEqual(["copy rows of a query"]));
  it("of who is granted what on what", () =>
    expect(words("GRANT USAGE ON SCHEMA x TO bob")).toEqual(["grant usage on schema x to bob"]));
  it("of ATTACH and DETACH", () => {
    expect(words("ALTER TABLE m DETACH PARTITION p")).toEqual(["detach partition p of m"]);
    expect(words("ALTER TABLE m ATTACH PARTITION p DEFAULT")).toEqual(["attach partition p to m"]);
  });
  it.each([
    "DROP OWNED BY bob",
    "DROP DATABASE d",
    "DROP ROLE bob",
    "ALTER TABLE users DROP CONSTRAINT c",
    "WITH gone AS (DELETE FROM users RETURNING *) INSERT INTO old SELECT * FROM gone",
    "MERGE INTO users u USING x ON true WHEN MATCHED THEN DELETE",
  ])("%s drops", (sql) => expect(drops(sql)).toBe(true));
  it("of a thousand schemas fit a screen", () => {
    const plans = Array.from({ length: 1000 }, (_, i) =>
      plan({ ledger: ledgerOf([A], `tenant_${i}`), history: [A, B] }),
    );
    expect(previewReports(plans, "f")[0]?.text.split("\n")[0]?.length).toBeLessThan(300);
  });
});
