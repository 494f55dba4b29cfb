import { beforeAll, describe, expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { makeProject } from "../support/project.ts";

const database = useDatabase();
const { query } = database;
const project = await makeProject({
  connection: database.connection,
  stacks: { fleet: ["play1", "play2"] },
  migrations: { "0001_drop.up.sql": "DROP EXTENSION IF EXISTS hstore CASCADE;\n", "0001_drop.down.sql": "SELECT 1;\n" },
});

/** A script that needs an extension. */
const MADE = (extension: string) => `${extension}\nCREATE TABLE users (mail citext);\n`;
const preview = () => project.pulumi("preview", "--stack", "fleet");

describe("an extension, which all schemas share", () => {
  beforeAll(() =>
    query(
      "CREATE SCHEMA extensions; CREATE EXTENSION hstore SCHEMA extensions; CREATE SCHEMA shop; CREATE TABLE shop.things (attrs extensions.hstore)",
    ),
  );

  it("warns in a preview where it is dropped with columns of other schemas", async () => {
    const { output } = await preview();
    expect(output).toMatch(
      /warning: .*drops extension "hstore" for every schema of the database, and what depends on it: column shop\.things\.attrs\./,
    );
  });

  it("is told by an up as well, which drops it", async () => {
    const { exitCode, output } = await project.pulumi("up", "--yes", "--skip-preview", "--stack", "fleet");
    expect(exitCode).toBe(0);
    expect(output).toMatch(/warning: .*drops extension "hstore" for every schema .*: column shop\.things\.attrs\./);
    await project.pulumi("config", "set", "target", "base", "--stack", "fleet");
    await project.pulumi("up", "--yes", "--skip-preview", "--stack", "fleet");
    await project.pulumi("config", "rm", "target", "--stack", "fleet");
  });

  it("is refused where a script would make it in the first schema, and made where the refusal says", async () => {
    project.write({ "migrations/0001_drop.up.sql": MADE("CREATE EXTENSION IF NOT EXISTS citext;") });
    const refused = await preview();
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toContain("would make the extension in the schema that comes first");
    const { output: advice } = refused;
    const lines = advice.split("\n").filter((line) => /^ +CREATE (SCHEMA|EXTENSION) .*;$/.test(line));
    project.write({ "migrations/0001_drop.up.sql": MADE(lines.slice(0, 2).join("\n")) });
    await project.pulumi("config", "set", "--path", "searchPath[0]", "extensions", "--stack", "fleet");
    const { exitCode } = await project.pulumi("up", "--yes", "--skip-preview", "--stack", "fleet");
    expect(exitCode).toBe(0);
    expect(
      await query(
        "SELECT table_schema AS s, udt_schema AS t FROM information_schema.columns WHERE column_name = 'mail' ORDER BY 1",
      ),
    ).toEqual([
      { s: "play1", t: "extensions" },
      { s: "play2", t: "extensions" },
    ]);
  });
});
