import { describe, expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { ledgerRows } from "../support/objects.ts";
import { makeProject } from "../support/project.ts";

const database = useDatabase();
const { query } = database;
const project = await makeProject({
  connection: database.connection,
  stacks: { prod: ["one", "two"] },
  migrations: {
    "0001_users.up.sql": "CREATE TABLE users (id int PRIMARY KEY);\n",
    "0002_fill.up.sql": "INSERT INTO users VALUES (1);\n-- twice\nINSERT INTO users VALUES (1);\n",
    "0003_last.up.sql": "CREATE TABLE last (id int);\n",
  },
});

describe("an error inside a migration", () => {
  it("names file, line and statement, what PostgreSQL said, and where the schema stands", async () => {
    const { exitCode, output } = await project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");
    expect(exitCode).not.toBe(0);
    expect(output).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
    expect(output).toContain(
      'migrations/0002_fill.up.sql:3: duplicate key value violates unique constraint "users_pkey" (SQLSTATE 23505)',
    );
    expect(output).toContain("Nothing of 0002_fill remains; the schema is at 0001_users.");
    expect(await ledgerRows(database, "one")).toEqual(["1 0001_users applied"]);
    expect(await query("SELECT * FROM one.users")).toEqual([]);
  });

  it("is kept in the state and in the ledger", async () => {
    const { output } = await project.status("--stack", "prod", "--json");
    const [one] = JSON.parse(output);
    expect(one).toMatchObject({
      stack: "prod",
      schema: "one",
      current: "0001_users",
      pending: ["↑ 0002_fill", "↑ 0003_last"],
      lastEvent: { revision: "0002_fill", direction: "up", outcome: "failed" },
    });
  });

  it("is told by npm run status", async () => {
    const { output } = await project.status("--stack", "prod");
    expect(output.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d \S+:/g, "WHEN WHO:")).toMatchInlineSnapshot(`
      "stack  schema  current     target  pending                   last event
      prod   one     0001_users  head    ↑ 0002_fill, ↑ 0003_last  WHEN WHO: up 0002_fill failed
      prod   two     0001_users  head    ↑ 0002_fill, ↑ 0003_last  WHEN WHO: up 0002_fill failed

      Schema "one", up 0002_fill failed: duplicate key value violates unique constraint "users_pkey"
      The same in two."
    `);
  });

  it("lets the mended file run at the next up, from the last whole step", async () => {
    project.write({ "migrations/0002_fill.up.sql": "INSERT INTO users VALUES (1);\nINSERT INTO users VALUES (2);\n" });
    const { exitCode } = await project.pulumi("up", "--yes", "--stack", "prod");
    expect(exitCode).toBe(0);
    for (const schema of ["one", "two"]) {
      expect(await query(`SELECT id FROM ${schema}.users ORDER BY id`)).toEqual([{ id: 1 }, { id: 2 }]);
      expect(await ledgerRows(database, schema)).toHaveLength(3);
    }
  });
});
