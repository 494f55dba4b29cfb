import { describe, expect, it } from "vitest";
import { databaseWide } from "../../src/script/database-wide.ts";
import { parseScript } from "../../src/script/parse-script.ts";

/** `role, repeatable` of a script's only statement. */
function wide(sql: string): string {
  const [statement] = parseScript({ file: "0001_x.up.sql", sql }, false).statements;
  const found = statement && databaseWide(statement.node);
  return found ? `${found.kind}, ${found.repeatable ? "repeatable" : "once"}` : "of the schema";
}

describe("what there is one of for all schemas of a database", () => {
  it.each([
    ["CREATE ROLE web", "role, once"],
    ["ALTER ROLE web SET work_mem = '8MB'", "role, repeatable"],
    ["ALTER ROLE web NOLOGIN", "role, repeatable"],
    ["GRANT web TO deploy", "role, repeatable"],
    ["DROP ROLE web", "role, once"],
    ["DROP ROLE IF EXISTS web", "role, repeatable"],
    ["CREATE EXTENSION pg_trgm", "extension, once"],
    ["CREATE EXTENSION IF NOT EXISTS pg_trgm", "extension, repeatable"],
    ["ALTER EXTENSION pg_trgm UPDATE", "extension, repeatable"],
    ["DROP EXTENSION pg_trgm", "extension, once"],
    ["DROP EXTENSION IF EXISTS pg_trgm", "extension, repeatable"],
    ["CREATE SCHEMA audit", "schema, once"],
    ["CREATE SCHEMA IF NOT EXISTS audit", "schema, repeatable"],
    ["CREATE PUBLICATION p FOR ALL TABLES", "publication, once"],
    ["ALTER PUBLICATION p ADD TABLE users", "publication, repeatable"],
    ["CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p", "subscription, once"],
    ["ALTER SYSTEM SET work_mem = '8MB'", "server setting, repeatable"],
    ["CREATE DATABASE other", "database, once"],
    ["ALTER DATABASE app SET work_mem = '8MB'", "database, repeatable"],
    ["CREATE TABLESPACE fast LOCATION '/fast'", "tablespace, once"],
    ["CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f()", "event trigger, once"],
    ["CREATE OR REPLACE LANGUAGE l HANDLER h", "language, repeatable"],
    ["CREATE SERVER s FOREIGN DATA WRAPPER w", "foreign server, once"],
    ["CREATE SERVER IF NOT EXISTS s FOREIGN DATA WRAPPER w", "foreign server, repeatable"],
    ["ALTER SERVER s OPTIONS (SET host 'x')", "foreign server, repeatable"],
    ["ALTER SERVER s OPTIONS (ADD host 'x')", "foreign server, once"],
    ["ALTER USER MAPPING FOR web SERVER s OPTIONS (SET user 'x')", "user mapping, repeatable"],
    ["ALTER ROLE web RENAME TO web2", "role, once"],
    ["ALTER SCHEMA audit RENAME TO audit2", "schema, once"],
    ["ALTER SCHEMA audit OWNER TO web", "schema, repeatable"],
    ["ALTER PUBLICATION p RENAME TO q", "publication, once"],
    ["ALTER EXTENSION pg_trgm SET SCHEMA extensions", "extension, repeatable"],
    ["ALTER EXTENSION own ADD TABLE users", "extension, repeatable"],
    ["DROP OWNED BY web", "role, once"],
    ["REASSIGN OWNED BY web TO deploy", "role, repeatable"],
  ])("%s", (sql, expected) => {
    expect(wide(sql)).toBe(expected);
  });

  it.each([
    "CREATE TABLE users (id int)",
    "DROP TABLE users",
    "CREATE INDEX CONCURRENTLY i ON users (id)",
    "GRANT SELECT ON users TO web",
    "ALTER TABLE users RENAME TO people",
    "ALTER TABLE users OWNER TO web",
    "CREATE CAST (money_in AS text) WITH INOUT",
    "DO $$ BEGIN CREATE ROLE web; END $$",
  ])("not: %s", (sql) => {
    expect(wide(sql)).toBe("of the schema");
  });
});
