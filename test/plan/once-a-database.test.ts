import { describe, expect, it } from "vitest";
import { planEach } from "../../src/plan/plan-each.ts";
import { refused } from "../history/refused.ts";
import { historyOf } from "../support/history.ts";
import { ledgerOf } from "./build.ts";

const HISTORY = historyOf({
  "0001_roles": { up: "CREATE TABLE a (id int);\nCREATE ROLE web;\n", down: "DROP TABLE a" },
  "0002_search": { up: "CREATE EXTENSION IF NOT EXISTS pg_trgm", down: "SELECT 1" },
});

/** The plans of some schemas, of which `there` have all revisions already. */
const plans = (schemas: readonly string[], there: readonly string[] = [], history = HISTORY) =>
  planEach(
    schemas.map((schema) => ledgerOf(there.includes(schema) ? history : [], schema)),
    new Map(schemas.map((schema) => [schema, { history, target: "head", allowOutOfOrder: false }])),
  );

const plansOf = (sql: string) => plans(["t_1", "t_2"], [], historyOf({ "0001_x": sql }));

describe("a statement that can run once a database", () => {
  it("is refused for a fleet, once, with its line and the way out", () => {
    expect(refused(() => plans(["t_1", "t_2", "t_3"]))).toMatchInlineSnapshot(
      `"migrations/0001_roles.up.sql:2: "CREATE ROLE web" would run once for each schema, and there is one role for all of them. Write it so that it can be repeated (IF NOT EXISTS or IF EXISTS, or a DO block that looks first), or declare it in the program as a resource."`,
    );
  });

  it("is told what can be done where there is no IF NOT EXISTS", () => {
    expect(refused(() => plansOf("CREATE DATABASE reports"))).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:1: "CREATE DATABASE reports" would run once for each schema, and there is one database for all of them. It cannot be repeated: declare it in the program as a resource, or remove it."`,
    );
  });

  it("is told where to put an extension, or it would be in the first schema", () => {
    expect(refused(() => plansOf('CREATE EXTENSION "uuid-ossp"'))).toMatchInlineSnapshot(`
      "migrations/0001_x.up.sql:1: "CREATE EXTENSION "uuid-ossp"" would run once for each schema, and there is one extension for all of them. Write it so that it can be repeated, in a schema of its own:
        CREATE SCHEMA IF NOT EXISTS extensions;
        CREATE EXTENSION IF NOT EXISTS "uuid-ossp" SCHEMA extensions;
      and let scripts find it there: pulumi config set --path 'searchPath[0]' extensions"
    `);
  });

  it("is refused also where one schema only has still to run it: another one did", () => {
    expect(refused(() => plans(["t_1", "t_2"], ["t_1"]))).toContain("0001_roles");
  });

  it("runs for a schema that is alone", () => {
    expect(plans(["prod"]).map(({ steps }) => steps.length)).toEqual([2]);
  });

  it("is not in the way where it has run", () => {
    expect(plans(["t_1", "t_2"], ["t_1", "t_2"]).map(({ steps }) => steps.length)).toEqual([0, 0]);
  });
});
