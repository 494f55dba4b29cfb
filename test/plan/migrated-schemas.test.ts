import { describe, expect, it } from "vitest";
import { planEach } from "../../src/plan/plan-each.ts";
import { refused } from "../history/refused.ts";
import { historyOf } from "../support/history.ts";
import { ledgerOf, ledgerRows, row } from "./build.ts";

/** The plans of some schemas, which all have to run one script. */
const plans = (sql: string, schemas: readonly string[]) =>
  planEach(
    schemas.map((schema) => ledgerOf([], schema)),
    new Map(
      schemas.map((schema) => [
        schema,
        { history: historyOf({ "0001_x": sql }), target: "head", allowOutOfOrder: false },
      ]),
    ),
  );

describe("a script that drops or renames a schema which is migrated", () => {
  it("is refused where it would drop another one of the fleet, whatever IF EXISTS says", () => {
    expect(
      refused(() => plans("SELECT 1;\nDROP SCHEMA IF EXISTS play1 CASCADE", ["play1", "play2"])),
    ).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:2: "DROP SCHEMA IF EXISTS play1 CASCADE" would drop schema "play1", which is migrated here, and its ledger with it. Remove it: a schema is dropped when its name leaves the config, where that says onDestroy: drop, or by hand."`,
    );
  });

  it("is not told to write IF EXISTS where it does not", () => {
    expect(refused(() => plans("DROP SCHEMA shop, play1 CASCADE", ["play1", "play2"]))).not.toContain("IF EXISTS");
  });

  it("is refused where it would drop the one that it runs for", () => {
    expect(refused(() => plans("DROP SCHEMA IF EXISTS shop", ["shop"]))).toContain('would drop schema "shop"');
  });

  it("is refused where it would rename one", () => {
    expect(refused(() => plans("ALTER SCHEMA shop RENAME TO old", ["shop"]))).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:1: "ALTER SCHEMA shop RENAME TO old" would rename schema "shop", which is migrated here, and its next step would not find it. Remove it: a schema is renamed by hand, and in the config at the same time."`,
    );
  });

  it("is refused on the way down, also from the ledger", () => {
    const [applied] = historyOf({ "0001_x": { up: "SELECT 1", down: "DROP SCHEMA IF EXISTS shop CASCADE" } });
    if (!applied) throw new Error("no revision");
    const down = () =>
      planEach(
        [ledgerRows([row(applied)], "shop")],
        new Map([["shop", { history: [], target: "base", allowOutOfOrder: false }]]),
      );
    expect(refused(down)).toContain('0001_x (down script in the ledger):1: "DROP SCHEMA IF EXISTS shop CASCADE"');
  });

  it("runs where the schema is not migrated here", () => {
    expect(plans("DROP SCHEMA IF EXISTS shop CASCADE", ["play1", "play2"])).toHaveLength(2);
  });
});

describe("a script that makes a schema which is migrated", () => {
  it("is refused: it is there before", () => {
    expect(refused(() => plans("SET lock_timeout = 0;\nCREATE SCHEMA shopx;", ["shopx"]))).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:2: "CREATE SCHEMA shopx" would fail: schema "shopx" is created before its first script runs. Remove the line."`,
    );
  });

  it("is told the same in a fleet, not IF NOT EXISTS", () => {
    expect(refused(() => plans("CREATE SCHEMA play2", ["play1", "play2"]))).toContain("Remove the line.");
  });

  it("is refused where the name is that of a role", () => {
    expect(refused(() => plans("CREATE SCHEMA AUTHORIZATION shopx", ["shopx"]))).toContain('schema "shopx"');
  });

  it.each(["CREATE SCHEMA IF NOT EXISTS shopx", "CREATE SCHEMA other"])("runs where it can: %s", (sql) => {
    expect(plans(sql, ["shopx"])).toHaveLength(1);
  });
});
