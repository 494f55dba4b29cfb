import { describe, expect, it } from "vitest";
import type { History } from "../../src/history/revision.ts";
import { elsewhereNotes } from "../../src/plan/other-schemas.ts";
import { planEach } from "../../src/plan/plan-each.ts";
import { problemText } from "../../src/problem-text.ts";
import { refused } from "../history/refused.ts";
import { historyOf } from "../support/history.ts";
import { ledgerOf } from "./build.ts";

const plans = (history: History, schemas: readonly string[]) =>
  planEach(
    schemas.map((schema) => ledgerOf([], schema)),
    new Map(schemas.map((schema) => [schema, { history, target: "head", allowOutOfOrder: false }])),
  );
const notes = (history: History, schemas: readonly string[]) =>
  elsewhereNotes(plans(history, schemas)).map(problemText).join("\n");

/** As a dump of a schema called public has it. */
const dump = historyOf({
  "0001_dump":
    "SELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.users (id int);\nCREATE TABLE public.orders (id int);\nCREATE INDEX ON public.users (id);",
});
const shared = historyOf({
  "0001_shared": "CREATE TABLE IF NOT EXISTS public.countries (code text);\nCREATE TABLE users (id int);",
  "0002_tenant": "INSERT INTO public.tenants SELECT current_schema();\nUPDATE public.tenants SET ready = true;",
});

describe("a script that defines something in a schema that it names", () => {
  it("is refused for a fleet, once a file, where the second schema would fail", () => {
    expect(refused(() => plans(dump, ["dev", "prod", "public"]))).toMatchInlineSnapshot(
      `"migrations/0001_dump.up.sql:2: "CREATE TABLE public.users (id int)", and 2 more statements of this file, name schema "public", and would run once for each schema: the second time it fails. Leave the name out, so that each schema gets its own. What is meant for all of them has to be repeatable (IF NOT EXISTS or IF EXISTS), or is declared in the program as a resource."`,
    );
  });

  it("is refused as well where it moves there what each schema has made", () => {
    const history = historyOf({ "0001_move": "CREATE TABLE t1 (id int);\nALTER TABLE t1 SET SCHEMA public;" });
    expect(refused(() => plans(history, ["dev", "prod"]))).toMatchInlineSnapshot(
      `"migrations/0001_move.up.sql:2: "ALTER TABLE t1 SET SCHEMA public" names schema "public", and would run once for each schema: the second time it fails. Leave the name out, so that each schema gets its own. What is meant for all of them has to be repeatable (IF NOT EXISTS or IF EXISTS), or is declared in the program as a resource."`,
    );
  });

  it("is refused where what it drops there is something else", () => {
    const history = historyOf({
      "0001_column": "DROP TRIGGER IF EXISTS tr ON public.t2;\nALTER TABLE public.t2 ADD COLUMN c int;",
    });
    expect(refused(() => plans(history, ["dev", "prod"]))).toMatchInlineSnapshot(
      `"migrations/0001_column.up.sql:2: "ALTER TABLE public.t2 ADD COLUMN c int" names schema "public", and would run once for each schema: the second time it fails. Leave the name out, so that each schema gets its own. What is meant for all of them has to be repeatable (IF NOT EXISTS or IF EXISTS), or is declared in the program as a resource."`,
    );
  });

  it("is told of one schema alone, which gets nothing of it", () => {
    expect(notes(dump, ["dev"])).toMatchInlineSnapshot(`
      "migrations/0001_dump.up.sql:2: "CREATE TABLE public.users (id int)", and 2 more statements of this file, name schema "public", and change it whatever schema they run for. Where each schema should have its own, leave the name out.
      migrations/0001_dump.up.sql:1: "SELECT pg_catalog.set_config('search_path', '', false)" sets the search path: what comes behind it does not run in the schema that is migrated. Remove it, so that each schema gets its own."
    `);
  });

  it("is nothing special for the schema of that name", () => {
    expect(notes(historyOf({ "0001_users": "CREATE TABLE public.users (id int)" }), ["public"])).toBe("");
  });

  it("is told of a fleet where it can be repeated, as is what changes rows there", () => {
    expect(notes(shared, ["one", "two"])).toMatchInlineSnapshot(`
      "migrations/0001_shared.up.sql:1: "CREATE TABLE IF NOT EXISTS public.countries (code text)" names schema "public", and changes it whatever schema it runs for. Where each schema should have its own, leave the name out.
      migrations/0002_tenant.up.sql:1: "INSERT INTO public.tenants SELECT current_schema()", and 1 more statement of this file, name schema "public", and change it whatever schema they run for. Where each schema should have its own, leave the name out."
    `);
  });
});

it("rows that a WITH changes in a schema that is named are told as well", () => {
  const history = historyOf({
    "0001_x": "WITH gone AS (DELETE FROM public.jobs RETURNING 1) SELECT count(*) FROM gone",
  });
  expect(notes(history, ["dev"])).toMatchInlineSnapshot(
    `"migrations/0001_x.up.sql:1: "WITH gone AS (DELETE FROM public.jobs RETURNING 1) SELECT c…" names schema "public", and changes it whatever schema it runs for. Where each schema should have its own, leave the name out."`,
  );
});

describe("rights on whole schemas", () => {
  it("are told with how to name the one that is migrated", () => {
    const rights = historyOf({
      "0001_rights":
        "GRANT USAGE ON SCHEMA shop TO web;\nALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO web;\nALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO web;",
    });
    expect(notes(rights, ["one", "two"])).toMatchInlineSnapshot(`
      "migrations/0001_rights.up.sql:1: "GRANT USAGE ON SCHEMA shop TO web", and 1 more statement of this file, name schema "shop", and change it whatever schema they run for. For the one that is migrated: DO $$ BEGIN EXECUTE format('… SCHEMA %I …', current_schema()); END $$.
      migrations/0001_rights.up.sql:3: "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO web" holds in every schema of the database, also those to come. For the one that is migrated: DO $$ BEGIN EXECUTE format('… SCHEMA %I …', current_schema()); END $$."
    `);
    expect(notes(historyOf({ "0001_own": "GRANT USAGE ON SCHEMA shop TO web" }), ["shop"])).toBe("");
  });
});

describe("a script that sets the search path", () => {
  it("is told where something comes behind it", () => {
    expect(
      notes(
        historyOf({ "0001_path": "CREATE TABLE a (id int);\nSET search_path TO audit;\nCREATE TABLE b (id int);" }),
        ["dev"],
      ),
    ).toMatchInlineSnapshot(
      `"migrations/0001_path.up.sql:2: "SET search_path TO audit" sets the search path: what comes behind it does not run in the schema that is migrated. Remove it, so that each schema gets its own."`,
    );
  });

  it.each([
    "CREATE TABLE a (id int); SET search_path TO audit",
    "SET work_mem TO '8MB'; CREATE TABLE a (id int)",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path FROM CURRENT AS 'SELECT 1'; SELECT 1",
  ])("is not where it makes no difference: %s", (sql) => {
    expect(notes(historyOf({ "0001_x": sql }), ["dev"])).toBe("");
  });
});
