import { describe, expect, it } from "vitest";
import { namedChanges } from "../../src/script/named-changes.ts";
import { parseScript } from "../../src/script/parse-script.ts";

/** `shared: defines, once` for each change of a script in a schema that it names. */
function named(sql: string): readonly string[] {
  return namedChanges(parseScript({ file: "0001_x.up.sql", sql }, false)).map(
    ({ schema, defines, repeatable }) =>
      `${schema}: ${defines ? "defines" : "rows"}, ${repeatable ? "repeatable" : "once"}`,
  );
}

describe("a statement that names the schema of what it changes", () => {
  it.each([
    ["CREATE TABLE shared.t (id int)", "shared: defines, once"],
    ["CREATE TABLE IF NOT EXISTS shared.t (id int)", "shared: defines, repeatable"],
    ["CREATE TABLE shared.t AS SELECT 1", "shared: defines, once"],
    ["SELECT 1 AS a INTO shared.t", "shared: defines, once"],
    ["CREATE INDEX ON shared.t (id)", "shared: defines, once"],
    ["CREATE VIEW shared.v AS SELECT 1", "shared: defines, once"],
    ["CREATE OR REPLACE VIEW shared.v AS SELECT 1", "shared: defines, repeatable"],
    ["CREATE SEQUENCE shared.s", "shared: defines, once"],
    ["ALTER SEQUENCE shared.s RESTART", "shared: defines, repeatable"],
    ["CREATE TYPE shared.mood AS ENUM ('a')", "shared: defines, once"],
    ["CREATE TYPE shared.pair AS (a int)", "shared: defines, once"],
    ["CREATE TYPE shared.span AS RANGE (subtype = int4)", "shared: defines, once"],
    ["CREATE DOMAIN shared.d AS int", "shared: defines, once"],
    ["ALTER TYPE shared.mood ADD VALUE 'b'", "shared: defines, once"],
    ["ALTER TYPE shared.mood ADD VALUE IF NOT EXISTS 'b'", "shared: defines, repeatable"],
    ["CREATE FUNCTION shared.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "shared: defines, once"],
    ["CREATE OR REPLACE FUNCTION shared.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "shared: defines, repeatable"],
    ["ALTER FUNCTION shared.f(int) STABLE", "shared: defines, repeatable"],
    ["CREATE AGGREGATE shared.a (int) (SFUNC = int4pl, STYPE = int)", "shared: defines, once"],
    ["CREATE STATISTICS shared.s ON a, b FROM t", "shared: defines, once"],
    ["CREATE TRIGGER t BEFORE UPDATE ON shared.t FOR EACH ROW EXECUTE FUNCTION f()", "shared: defines, once"],
    ["CREATE POLICY p ON shared.t", "shared: defines, once"],
    ["CREATE RULE r AS ON INSERT TO shared.t DO NOTHING", "shared: defines, once"],
    ["ALTER TABLE shared.t ADD COLUMN a int", "shared: defines, once"],
    ["ALTER TABLE shared.t ADD COLUMN IF NOT EXISTS a int", "shared: defines, repeatable"],
    ["ALTER TABLE shared.t ALTER a SET NOT NULL", "shared: defines, repeatable"],
    ["ALTER TABLE shared.t DROP CONSTRAINT IF EXISTS c, ADD CONSTRAINT c CHECK (a > 0)", "shared: defines, repeatable"],
    ["ALTER TABLE shared.t DROP COLUMN a, ADD COLUMN b int", "shared: defines, once"],
    ["ALTER TABLE shared.t RENAME TO u", "shared: defines, once"],
    ["ALTER TABLE IF EXISTS shared.t RENAME TO u", "shared: defines, repeatable"],
    ["ALTER TABLE IF EXISTS shared.t RENAME a TO b", "shared: defines, once"],
    ["ALTER TABLE t SET SCHEMA shared", "shared: defines, once"],
    ["ALTER TABLE IF EXISTS t SET SCHEMA shared", "shared: defines, once"],
    ["ALTER FUNCTION f(int) SET SCHEMA shared", "shared: defines, once"],
    ["ALTER TABLE shared.t OWNER TO web", "shared: defines, repeatable"],
    ["ALTER DOMAIN shared.d ADD CONSTRAINT c CHECK (value > 0)", "shared: defines, once"],
    ["ALTER DOMAIN shared.d DROP CONSTRAINT c", "shared: defines, once"],
    ["ALTER DOMAIN shared.d DROP CONSTRAINT IF EXISTS c", "shared: defines, repeatable"],
    ["ALTER DOMAIN shared.d SET NOT NULL", "shared: defines, repeatable"],
    ["COMMENT ON TABLE shared.t IS 'x'", "shared: defines, repeatable"],
    ["COMMENT ON COLUMN shared.t.a IS 'x'", "shared: defines, repeatable"],
    ["COMMENT ON CONSTRAINT c ON DOMAIN shared.d IS 'x'", "shared: defines, repeatable"],
    ["GRANT SELECT ON shared.t TO web", "shared: defines, repeatable"],
    ["GRANT USAGE ON SCHEMA shared TO web", "shared: defines, repeatable"],
    ["REVOKE ALL ON ALL TABLES IN SCHEMA shared FROM web", "shared: defines, repeatable"],
    ["ALTER DEFAULT PRIVILEGES IN SCHEMA shared GRANT SELECT ON TABLES TO web", "shared: defines, repeatable"],
    ["COMMENT ON SCHEMA shared IS 'x'", "shared: defines, repeatable"],
    ["ALTER SCHEMA shared OWNER TO web", "shared: defines, repeatable"],
    ["DROP TABLE shared.t", "shared: defines, once"],
    ["DROP TABLE IF EXISTS shared.t", "shared: defines, repeatable"],
    ["DROP FUNCTION shared.f(int)", "shared: defines, once"],
    ["DROP TRIGGER tr ON shared.t", "shared: defines, once"],
    ["DROP OPERATOR CLASS shared.c USING btree", "shared: defines, once"],
    ["INSERT INTO shared.t VALUES (1)", "shared: rows, repeatable"],
    ["UPDATE shared.t SET a = 1", "shared: rows, repeatable"],
    ["DELETE FROM shared.t", "shared: rows, repeatable"],
    ["TRUNCATE shared.t", "shared: rows, repeatable"],
    ["MERGE INTO shared.t USING u ON true WHEN MATCHED THEN DELETE", "shared: rows, repeatable"],
    ["WITH d AS (DELETE FROM shared.t RETURNING *) SELECT * FROM d", "shared: rows, repeatable"],
    [
      "WITH d AS (INSERT INTO shared.t VALUES (1) RETURNING *) INSERT INTO u SELECT * FROM d",
      "shared: rows, repeatable",
    ],
    ["CREATE TABLE u AS WITH d AS (DELETE FROM shared.t RETURNING *) SELECT * FROM d", "shared: rows, repeatable"],
    ["REFRESH MATERIALIZED VIEW shared.m", "shared: rows, repeatable"],
  ])("%s", (sql, expected) => {
    expect(named(sql)).toEqual([expected]);
  });

  it.each([
    "DROP TABLE IF EXISTS shared.t; CREATE TABLE shared.t (id int)",
    "CREATE TABLE shared.t (id int); DROP TABLE shared.t",
    "DROP TRIGGER IF EXISTS tr ON shared.t; CREATE TRIGGER tr BEFORE UPDATE ON shared.t EXECUTE FUNCTION f()",
    "ALTER TABLE shared.t DROP CONSTRAINT IF EXISTS c; ALTER TABLE shared.t ADD CONSTRAINT c CHECK (a > 0)",
    "ALTER DOMAIN shared.d DROP CONSTRAINT IF EXISTS c; ALTER DOMAIN shared.d ADD CONSTRAINT c CHECK (value > 0)",
    "CREATE INDEX i ON shared.t (a); DROP INDEX shared.i",
    "DROP FUNCTION IF EXISTS shared.f; CREATE FUNCTION shared.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "DROP FUNCTION shared.f(int); CREATE FUNCTION shared.f(a int, OUT b int) LANGUAGE sql AS 'SELECT 1'",
    "DROP AGGREGATE IF EXISTS shared.a (int); CREATE AGGREGATE shared.a (int) (SFUNC = int4pl, STYPE = int)",
    "DROP TABLE IF EXISTS shared.t; ALTER TABLE t SET SCHEMA shared",
    "ALTER TABLE shared.t RENAME a TO b; ALTER TABLE shared.t RENAME b TO a",
  ])("can be done again where the script drops what it makes: %s", (sql) => {
    expect(named(sql)).toEqual(Array(2).fill("shared: defines, repeatable"));
  });

  it.each([
    "DROP TABLE IF EXISTS shared.t; CREATE TABLE shared.t (id int); DROP TABLE shared.t",
    "DROP TABLE IF EXISTS shared.t; CREATE TABLE shared.t (id int); ALTER TABLE shared.t ADD COLUMN a int",
    "DROP TABLE IF EXISTS shared.t; CREATE TABLE shared.t (id int); CREATE INDEX ON shared.t (id)",
    "CREATE TABLE shared.n (id int); DROP TABLE shared.t; ALTER TABLE shared.n RENAME TO t",
  ])("can be done again with what it belongs to, and by another name: %s", (sql) => {
    expect(new Set(named(sql))).toEqual(new Set(["shared: defines, repeatable"]));
  });

  it.each([
    ["DROP TRIGGER IF EXISTS tr ON shared.t; ALTER TABLE shared.t ADD COLUMN c int", "repeatable", "once"],
    [
      "DROP TRIGGER IF EXISTS a ON shared.t; CREATE TRIGGER b BEFORE UPDATE ON shared.t EXECUTE FUNCTION f()",
      "repeatable",
      "once",
    ],
    ["ALTER TABLE shared.t DROP COLUMN IF EXISTS a; ALTER TABLE shared.t ADD COLUMN b int", "repeatable", "once"],
    ["ALTER TABLE shared.t ADD COLUMN a int; ALTER TABLE shared.t DROP CONSTRAINT IF EXISTS a", "once", "repeatable"],
    ["DROP VIEW IF EXISTS shared.t; CREATE TABLE shared.t (id int)", "repeatable", "once"],
    ["CREATE TABLE IF NOT EXISTS shared.t (id int); ALTER TABLE shared.t ADD COLUMN a int", "repeatable", "once"],
    [
      "CREATE FUNCTION shared.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION shared.f(text)",
      "once",
      "once",
    ],
  ])("is not excused by what drops something else: %s", (sql, first, second) => {
    expect(named(sql)).toEqual([`shared: defines, ${first}`, `shared: defines, ${second}`]);
  });

  it("can not be done again where it is made once more than dropped", () => {
    const sql = "CREATE TABLE shared.t (id int); DROP TABLE shared.t; CREATE TABLE shared.t (id int)";
    expect(named(sql)).toEqual(Array(3).fill("shared: defines, once"));
  });

  it("is told with each of its names", () => {
    expect(named("ALTER TABLE shared.t SET SCHEMA other")).toEqual(["shared: defines, once", "other: defines, once"]);
    expect(named("DROP VIEW one.v, w, two.x")).toEqual(["one: defines, once", "two: defines, once"]);
  });
});

describe("not a change of a schema that is named", () => {
  it.each([
    "CREATE TABLE t (id int REFERENCES shared.t (id), m shared.mood DEFAULT shared.f())",
    "CREATE TABLE t AS SELECT * FROM shared.t",
    "CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION shared.f()",
    "CREATE DOMAIN d AS shared.mood",
    "CREATE FUNCTION f() RETURNS shared.mood LANGUAGE sql AS 'SELECT NULL'",
    "INSERT INTO t SELECT * FROM shared.t",
    "COPY shared.t TO STDOUT",
    "LOCK TABLE shared.t",
    "SELECT * FROM shared.t",
    "DROP TRIGGER tr ON t",
    "COMMENT ON COLUMN t.a IS 'x'",
    "DROP OPERATOR CLASS c USING btree",
    "CREATE TABLE pg_temp.t (id int)",
    "DROP SCHEMA shared",
    "ALTER PUBLICATION p ADD TABLE shared.t",
    "DO $$ BEGIN CREATE TABLE shared.t (id int); END $$",
  ])("%s", (sql) => {
    expect(named(sql)).toEqual([]);
  });
});
