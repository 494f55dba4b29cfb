import { describe, expect, it } from "vitest";
import { makePlan } from "../../src/plan/make-plan.ts";
import { parseScript } from "../../src/script/parse-script.ts";
import { roleEscapes } from "../../src/script/role-escape.ts";
import { refused } from "../history/refused.ts";
import { noLedger } from "../plan/build.ts";
import { historyOf } from "../support/history.ts";

const escapes = (sql: string) =>
  roleEscapes(parseScript({ file: "migrations/0001_x.up.sql", sql })).map((problem) => problem.code);

describe("what leaves the role that a script runs as", () => {
  it.each([
    "SET ROLE postgres",
    "SET LOCAL ROLE postgres",
    "SET SESSION ROLE NONE",
    "SET role = 'postgres'",
    "SET ROLE TO DEFAULT",
    "RESET ROLE",
    "SET SESSION AUTHORIZATION postgres",
    "SET LOCAL SESSION AUTHORIZATION DEFAULT",
    "RESET SESSION AUTHORIZATION",
    "SELECT set_config('role', 'postgres', false)",
    "SELECT 1 WHERE pg_catalog.set_config('Session_Authorization', 'postgres', true) IS NULL",
    "SELECT set_config('role'::text, 'postgres', true)",
    "SELECT set_config(new_value => 'postgres', setting_name => 'role', is_local => true)",
    "UPDATE pg_catalog.pg_settings SET setting = 'postgres' WHERE name = 'role'",
    "DO $$ BEGIN RESET ROLE; END $$",
    "DO $$ DECLARE x text; BEGIN x := set_config('role', 'postgres', true); END $$",
    "DO $$ DECLARE x text; BEGIN x = set_config('role', 'postgres', true); END $$",
    "DO $$ BEGIN UPDATE pg_settings SET setting = 'postgres' WHERE name = 'role'; END $$",
    "DO $$ BEGIN IF true THEN PERFORM set_config('role', 'postgres', true); END IF; END $$",
    "DO $$ DECLARE x text := set_config('role', 'postgres', true); BEGIN END $$",
    "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET LOCAL ROLE postgres; END $$",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ SELECT 1; RESET ROLE $$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET role = 'postgres' AS $$ SELECT 1 $$",
  ])("%s", (sql) => {
    expect(escapes(sql)).toEqual(["leaves-role"]);
  });

  it.each([
    "SET search_path TO other",
    "RESET ALL",
    "UPDATE users SET role = 'admin'",
    "DO $$ BEGIN UPDATE users SET role = 'admin'; END $$",
    "CREATE TABLE t (role text DEFAULT 'reset role')",
    "SELECT set_config('search_path', 'role', false)",
    "SELECT set_config(new_value => 'role', setting_name => 'app.kind', is_local => true)",
    "DO $$ DECLARE x text; BEGIN x := set_config('app.role', 'role', true); END $$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'role', 'role'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ this is no role $$",
    "COMMENT ON TABLE t IS 'SET ROLE'",
  ])("not: %s", (sql) => {
    expect(escapes(sql)).toEqual([]);
  });
});

describe("what runs with the owner's rights on whatever its caller's search path finds", () => {
  it.each([
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
    "CREATE OR REPLACE PROCEDURE p() LANGUAGE sql SECURITY DEFINER SET work_mem = '1MB' AS 'SELECT 1'",
    "CREATE FUNCTION f() RETURNS int SECURITY DEFINER SET search_path TO DEFAULT RETURN 1",
    "ALTER FUNCTION f() SECURITY DEFINER",
    "ALTER ROUTINE f EXTERNAL SECURITY DEFINER RESET search_path",
  ])("%s", (sql) => {
    expect(escapes(sql)).toEqual(["unbound-definer"]);
  });

  it.each([
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS 'SELECT 1'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY INVOKER AS 'SELECT 1'",
    "ALTER FUNCTION f() SECURITY DEFINER SET search_path FROM CURRENT",
  ])("not: %s", (sql) => {
    expect(escapes(sql)).toEqual([]);
  });
});

describe("a plan", () => {
  const history = historyOf({
    "0001_x": { up: "SELECT 1;\nSET ROLE postgres;", down: "RESET ROLE" },
    "0002_f": "CREATE FUNCTION f() RETURNS int\n  LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
  });
  const request = { ledger: noLedger(), history, target: "head", allowOutOfOrder: false };

  it("refuses both where steps run as an owner, the ways back with the ways forward", () => {
    expect(refused(() => makePlan({ ...request, owner: "o" }))).toMatchInlineSnapshot(`
      "migrations/0001_x.up.sql:2: "SET ROLE postgres" would leave the role that the script runs as, the schema's owner. Remove it: what needs another role's rights is not this schema's own, and done elsewhere.
      migrations/0002_f.up.sql:1: "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFIN…" is SECURITY DEFINER without a search path: it would use the owner's rights on what its caller's search path leads it to. Add to it: SET search_path FROM CURRENT, which is this schema.
      migrations/0001_x.down.sql:1: "RESET ROLE" would leave the role that the script runs as, the schema's owner. Remove it: what needs another role's rights is not this schema's own, and done elsewhere."
    `);
  });

  it("lets them be where they run as who signs in, as ever", () => {
    expect(makePlan(request).steps).toHaveLength(2);
  });
});
