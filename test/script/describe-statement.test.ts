import { describe, expect, it } from "vitest";
import { describeStatement } from "../../src/script/describe-statement.ts";
import { parseScript } from "../../src/script/parse-script.ts";

const effects = (sql: string) =>
  parseScript({ file: "x.sql", sql }).statements.flatMap((statement) =>
    describeStatement(statement.node, statement.sql),
  );

const words = (sql: string) => effects(sql).map((effect) => effect.words);

const drops = (sql: string) =>
  effects(sql)
    .filter((effect) => effect.drops)
    .map((effect) => effect.words);

describe("a statement in plain words", () => {
  it.each([
    // Tables
    ["CREATE TABLE users (id bigint, name text, PRIMARY KEY (id))", "create table users (id, name)"],
    ["CREATE TABLE billing.items (id bigint)", "create table billing.items (id)"],
    ["CREATE TABLE old PARTITION OF items FOR VALUES IN (1)", "create table old"],
    ["CREATE TABLE copies AS SELECT 1", "create table copies from a query"],
    ["DROP TABLE IF EXISTS users", "drop table users"],
    ["DROP TABLE billing.items CASCADE", "drop table billing.items and all that depends on it"],
    ["ALTER TABLE users RENAME TO people", "rename table users to people"],
    ["TRUNCATE users", "delete all rows of users (TRUNCATE)"],
    ["TRUNCATE users CASCADE", "delete all rows of users and of all tables that refer to it (TRUNCATE)"],
    // Columns
    ["ALTER TABLE users ADD COLUMN cpf varchar(14)", "add column users.cpf varchar(14)"],
    ["ALTER TABLE users ADD COLUMN age int NOT NULL", "add column users.age integer, required"],
    ["ALTER TABLE users ADD COLUMN price numeric(10, 2)[]", "add column users.price numeric(10,2)[]"],
    ["ALTER TABLE users ADD COLUMN at timestamp(3) with time zone", "add column users.at timestamptz(3)"],
    ["ALTER TABLE users ADD COLUMN state char(2)", "add column users.state char(2)"],
    ["ALTER TABLE users ADD COLUMN ok bool DEFAULT true", "add column users.ok boolean"],
    ["ALTER TABLE users ADD COLUMN score double precision", "add column users.score double precision"],
    ["ALTER TABLE users DROP COLUMN cpf", "drop column users.cpf"],
    ["ALTER TABLE users DROP COLUMN cpf CASCADE", "drop column users.cpf and all that depends on it"],
    ["ALTER TABLE users ALTER COLUMN cpf TYPE text", "change the type of column users.cpf to text"],
    [
      "ALTER TABLE users ALTER COLUMN cpf TYPE int USING NULL",
      "change the type of column users.cpf to integer, by an expression",
    ],
    ["ALTER TABLE users ALTER COLUMN cpf SET NOT NULL", "require a value in column users.cpf"],
    ["ALTER TABLE users ALTER COLUMN cpf DROP NOT NULL", "allow no value in column users.cpf"],
    ["ALTER TABLE users ALTER COLUMN cpf SET DEFAULT ''", "set a default for column users.cpf"],
    ["ALTER TABLE users ALTER COLUMN cpf DROP DEFAULT", "remove the default of column users.cpf"],
    ["ALTER TABLE users RENAME COLUMN cpf TO tax_id", "rename column users.cpf to tax_id"],
    // Constraints
    ["ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0)", "add check c to users"],
    ["ALTER TABLE users ADD FOREIGN KEY (a, b) REFERENCES o (x, y)", "add foreign key (a, b) → o to users"],
    ["ALTER TABLE users ADD PRIMARY KEY (id)", "add primary key (id) to users"],
    ["ALTER TABLE users ADD CONSTRAINT u UNIQUE (cpf)", "add unique constraint u (cpf) to users"],
    ["ALTER TABLE users VALIDATE CONSTRAINT c", "validate constraint c of users"],
    ["ALTER TABLE users DROP CONSTRAINT c", "drop constraint c of users"],
    ["ALTER TABLE users RENAME CONSTRAINT a TO b", "rename constraint users.a to b"],
    // Indexes
    ["CREATE INDEX ON users (cep)", "create index on users (cep)"],
    ["CREATE INDEX CONCURRENTLY ON users (cep)", "create index on users (cep), concurrently"],
    ["CREATE UNIQUE INDEX u ON users (lower(mail), cep)", "create unique index u on users (lower(mail), cep)"],
    ["CREATE INDEX i ON users (cep) WHERE cep IS NOT NULL", "create index i on users (cep), partial"],
    ["DROP INDEX CONCURRENTLY i", "drop index i, concurrently"],
    ["ALTER INDEX i RENAME TO j", "rename index i to j"],
    // Views
    ["CREATE VIEW agenda AS SELECT 1", "create view agenda"],
    ["CREATE OR REPLACE VIEW agenda AS SELECT 1", "create or replace view agenda"],
    ["CREATE MATERIALIZED VIEW totals AS SELECT 1", "create materialized view totals from a query"],
    ["REFRESH MATERIALIZED VIEW CONCURRENTLY totals", "refresh materialized view totals, concurrently"],
    ["DROP MATERIALIZED VIEW totals", "drop materialized view totals"],
    ["DROP VIEW agenda", "drop view agenda"],
    // Functions, triggers, rules, policies
    ["CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "create function f()"],
    ["CREATE OR REPLACE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'", "create or replace procedure p()"],
    ["DROP FUNCTION billing.f(int)", "drop function billing.f"],
    [
      "CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch_it()",
      "create trigger touch on users, calling touch_it()",
    ],
    ["DROP TRIGGER touch ON billing.users", "drop trigger touch on billing.users"],
    ["CREATE POLICY own ON users USING (true)", "create policy own on users"],
    ["DROP POLICY own ON users", "drop policy own on users"],
    ["CREATE RULE r AS ON INSERT TO users DO NOTHING", "create rule r on users"],
    ["ALTER TABLE users ENABLE ROW LEVEL SECURITY", "enable row level security on users"],
    ["DO $$ BEGIN END $$", "run a DO block"],
    // Types
    ["CREATE TYPE status AS ENUM ('new', 'done')", "create enum status (new, done)"],
    ["ALTER TYPE status ADD VALUE 'no_show'", "add 'no_show' to enum status"],
    ["ALTER TYPE status RENAME VALUE 'a' TO 'b'", "rename 'a' to 'b' in enum status"],
    ["ALTER TYPE status RENAME TO state", "rename type status to state"],
    ["CREATE TYPE pair AS (a int, b int)", "create type pair"],
    ["CREATE TYPE span AS RANGE (subtype = int4)", "create range type span"],
    ["CREATE DOMAIN cep AS varchar(9)", "create domain cep as varchar(9)"],
    ["DROP TYPE status", "drop type status"],
    // The rest of a schema
    ["CREATE SEQUENCE numbers", "create sequence numbers"],
    ["ALTER SEQUENCE numbers RESTART", "change sequence numbers"],
    ["CREATE SCHEMA audit", "create schema audit"],
    ["DROP SCHEMA audit CASCADE", "drop schema audit and all that depends on it"],
    ["CREATE EXTENSION IF NOT EXISTS pgcrypto", "create extension pgcrypto"],
    ["COMMENT ON TABLE users IS 'People'", "comment on table users"],
    ["COMMENT ON COLUMN users.cpf IS NULL", "remove the comment from column users.cpf"],
    ["COMMENT ON CONSTRAINT c ON users IS 'Why'", "comment on constraint c on users"],
    ["GRANT SELECT ON ALL TABLES IN SCHEMA shop TO app", "grant select on every table in schema shop to app"],
    ["GRANT SELECT, INSERT ON users TO app", "grant select, insert on table users to app"],
    ["REVOKE ALL ON users FROM app", "revoke all rights on table users from app"],
    ["SET lock_timeout = '1s'", "set lock_timeout"],
    // Rows
    ["INSERT INTO users VALUES (1)", "insert rows into users"],
    ["UPDATE users SET a = 1, b = 2 WHERE id = 3", "update some rows of users (a, b)"],
    ["UPDATE users SET a = 1", "update all rows of users (a)"],
    ["DELETE FROM users WHERE id = 1", "delete some rows of users"],
    ["DELETE FROM users", "delete all rows of users"],
    ["COPY users FROM '/tmp/users'", "copy rows of users"],
  ])("%s: %s", (sql, expected) => {
    expect(words(sql)).toEqual([expected]);
  });

  it("one effect for each thing that it does", () => {
    expect(words("ALTER TABLE users ADD COLUMN a int, DROP COLUMN b; DROP TABLE c, d; TRUNCATE e, f")).toEqual([
      "add column users.a integer",
      "drop column users.b",
      "drop table c",
      "drop table d",
      "delete all rows of e (TRUNCATE)",
      "delete all rows of f (TRUNCATE)",
    ]);
  });

  it("its own beginning on one line, where it has no words here", () => {
    expect(words("SELECT\n  setval('numbers',   1)")).toEqual(["SELECT setval('numbers', 1)"]);
    const [long = ""] = words(`SELECT ${"1 + ".repeat(40)}1`);
    expect(long).toHaveLength(70);
    expect(long).toMatch(/^SELECT 1 \+ .*…$/);
  });
});

describe("what goes away is told", () => {
  it.each([
    "DROP TABLE users",
    "DROP VIEW agenda",
    "DROP MATERIALIZED VIEW totals",
    "DROP INDEX i",
    "DROP FUNCTION f(int)",
    "DROP TRIGGER touch ON users",
    "DROP TYPE status",
    "DROP SCHEMA audit",
    "DROP SEQUENCE numbers",
    "DROP EXTENSION pgcrypto",
    "ALTER TABLE users DROP COLUMN cpf",
    "ALTER TYPE pair DROP ATTRIBUTE a",
    "TRUNCATE users",
    "DELETE FROM users",
    "DELETE FROM users WHERE id = 1",
    "DROP OWNED BY web, batch",
    "ALTER TABLE users ALTER COLUMN cpf TYPE int USING NULL",
  ])("%s", (sql) => {
    expect(drops(sql)).toEqual(words(sql));
  });

  it.each([
    "CREATE TABLE users (id int)",
    "ALTER TABLE users ADD COLUMN cpf text",
    "ALTER TABLE users ALTER COLUMN cpf DROP NOT NULL",
    "ALTER TABLE users ALTER COLUMN cpf DROP DEFAULT",
    "ALTER TABLE users ALTER COLUMN cpf TYPE text",
    "ALTER TABLE users RENAME TO people",
    "UPDATE users SET cpf = NULL",
    "INSERT INTO users VALUES ('DROP TABLE users')",
  ])("not where nothing does: %s", (sql) => {
    expect(drops(sql)).toEqual([]);
  });

  it.each([
    ["WITH e AS (DELETE FROM orders RETURNING id) DELETE FROM users USING e", ["users", "orders"]],
    ["WITH e AS (DELETE FROM orders RETURNING id) SELECT * FROM e", ["orders"]],
    ["WITH e AS (DELETE FROM orders RETURNING id) UPDATE users SET a = 1 FROM e", ["orders"]],
    [
      "WITH e AS (DELETE FROM orders RETURNING id) MERGE INTO users u USING e ON e.id = u.id WHEN MATCHED THEN DO NOTHING",
      ["orders"],
    ],
    ["CREATE TABLE c AS WITH e AS (DELETE FROM orders RETURNING id) SELECT * FROM e", ["orders"]],
  ])("also where a statement deletes on the way: %s", (sql, tables) => {
    expect(drops(sql)).toEqual(tables.map((table) => `delete all rows of ${table}`));
  });

  it("of a statement that does several things, only what goes", () => {
    expect(drops("ALTER TABLE users ADD COLUMN a int, DROP COLUMN b, DROP COLUMN c")).toEqual([
      "drop column users.b",
      "drop column users.c",
    ]);
  });
});
