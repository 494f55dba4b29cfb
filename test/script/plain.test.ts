import { describe, expect, it } from "vitest";
import { type ParsedScript, parseScript } from "../../src/script/parse-script.ts";
import { isQuickAnywhere, isQuickOnNothing, leavesNothing } from "../../src/script/plain.ts";

const script = (sql: string): ParsedScript => parseScript({ file: "0001_a.sql", sql });
const which = (is: (script: ParsedScript) => boolean, scripts: readonly string[]) =>
  scripts.filter((sql) => is(script(sql)));

/** Define things, and call nobody's functions. */
const DEFINITIONS = [
  "",
  "-- nothing",
  "CREATE TABLE t (id int PRIMARY KEY, at timestamptz DEFAULT now(), other int REFERENCES t, CHECK (id > 0))",
  "CREATE UNLOGGED TABLE t (id int)",
  "CREATE INDEX ON t (id) WHERE id > 0",
  "ALTER TABLE t ADD COLUMN a text NOT NULL DEFAULT '', DROP COLUMN b",
  "ALTER TABLE t ADD CHECK (id < 9)",
  "DROP TABLE t; DROP VIEW v; DROP INDEX i; DROP TYPE y",
  "CREATE VIEW v AS SELECT count(*) FROM t",
  "CREATE TYPE mood AS ENUM ('sad', 'ok')",
  "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
  "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = app, pg_temp AS 'SELECT 1'",
  "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
  "CREATE SEQUENCE s",
  "COMMENT ON TABLE t IS 'x'; GRANT SELECT ON t TO a; ALTER TABLE t RENAME TO u",
  "CREATE TABLE p PARTITION OF t FOR VALUES IN (1)",
];

/** Those of them that look at the rows that are there. */
const LOOKING = [
  "CREATE INDEX ON t (id) WHERE id > 0",
  "ALTER TABLE t ADD COLUMN a text NOT NULL DEFAULT '', DROP COLUMN b",
  "ALTER TABLE t ADD CHECK (id < 9)",
  // Of a default partition, what belongs into it.
  "CREATE TABLE p PARTITION OF t FOR VALUES IN (1)",
];

/** Write rows that stand in the script, or change those that are there. */
const ROWS = [
  "INSERT INTO t VALUES (1), (2)",
  "INSERT INTO t DEFAULT VALUES",
  "INSERT INTO t VALUES (f())",
  "UPDATE t SET a = 1 WHERE id = 2",
  "UPDATE t SET a = f(id)",
  "DELETE FROM t",
  "CREATE TABLE t (id int); INSERT INTO t VALUES (1)",
];

/** Can take any time, and do anything. */
const ANYTHING = [
  "SELECT 1",
  "SELECT pg_sleep(1)",
  "DO $$ BEGIN END $$",
  "CALL p()",
  "INSERT INTO t SELECT * FROM public.large",
  "CREATE TABLE t AS SELECT * FROM public.large",
  "CREATE MATERIALIZED VIEW m AS SELECT 1",
  "CREATE INDEX ON t (f(id))",
  "ALTER TABLE t ADD COLUMN a int DEFAULT f()",
  "ALTER TABLE t ADD CHECK (f(id))",
  "CREATE TABLE t (id int); SELECT 1",
  "CREATE TEMP TABLE t (id int)",
  "CREATE TABLE pg_temp.t (id int)",
  "CREATE TEMP VIEW v AS SELECT 1",
  "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
  "CREATE TYPE pg_temp.mood AS ENUM ('sad')",
  "CREATE TYPE pg_temp.pair AS (a int)",
  "CREATE TEMP SEQUENCE s",
  "SET work_mem = '1MB'",
  "PREPARE p AS SELECT 1",
  "LISTEN c",
  "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
  "TRUNCATE t",
];

describe("a script leaves nothing in its session", () => {
  it("where it only defines", () => {
    expect(which(leavesNothing, DEFINITIONS)).toEqual(DEFINITIONS);
  });

  it("as far as anyone can tell: not where it writes rows, which may have triggers, or runs anything else", () => {
    expect(which(leavesNothing, [...ROWS, ...ANYTHING])).toEqual([]);
  });
});

describe("a script is quick in an empty schema", () => {
  it("where it only defines, or writes rows that stand in it", () => {
    expect(which(isQuickOnNothing, [...DEFINITIONS, ...ROWS])).toEqual([...DEFINITIONS, ...ROWS]);
  });

  it("as far as anyone can tell: not where it runs code or reads from elsewhere", () => {
    expect(which(isQuickOnNothing, ANYTHING)).toEqual([]);
  });
});

describe("a script is quick in any schema", () => {
  it("where it only defines and looks at no row", () => {
    const quick = DEFINITIONS.filter((sql) => !LOOKING.includes(sql));
    expect(which(isQuickAnywhere, [...DEFINITIONS, ...LOOKING])).toEqual(quick);
  });

  it("as far as anyone can tell: not where it writes rows, or runs anything else", () => {
    expect(which(isQuickAnywhere, [...ROWS, ...ANYTHING])).toEqual([]);
  });
});

it("nobody knows what a script in TypeScript does", () => {
  const code = { ...script(""), code: async () => {} };
  expect([leavesNothing, isQuickOnNothing, isQuickAnywhere].map((is) => is(code))).toEqual([false, false, false]);
});
