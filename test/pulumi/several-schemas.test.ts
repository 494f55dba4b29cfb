import { describe, expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { ledgerRows } from "../support/objects.ts";
import { makeProject } from "../support/project.ts";

const database = useDatabase();
const { query } = database;
const NAMES = ["dev", "Prod-2", 'a"; drop schema dev; --'];
const project = await makeProject({
  connection: database.connection,
  stacks: { all: NAMES },
  migrations: {
    "0001_things.up.sql":
      "CREATE TYPE kind AS ENUM ('a', 'b');\nCREATE TABLE things (id int PRIMARY KEY, kind kind);\n",
    "0001_things.down.sql": "DROP TABLE things;\nDROP TYPE kind;\n",
    "0002_note.up.sql": "ALTER TABLE things ADD COLUMN note text;\n",
    "0002_note.down.sql": "ALTER TABLE things DROP COLUMN note;\n",
  },
});

describe("several schemas in one stack", () => {
  it("creates those that are missing and adopts the one that is there, whatever their names", async () => {
    await query("CREATE SCHEMA dev; CREATE TABLE dev.kept (id int); INSERT INTO dev.kept VALUES (1)");
    const { exitCode, output } = await project.pulumi("up", "--yes", "--skip-preview", "--stack", "all");
    expect(output).toContain("current");
    expect(exitCode).toBe(0);
    expect(await placesOf("things")).toEqual([...NAMES].sort());
    expect(await query("SELECT id FROM dev.kept")).toEqual([{ id: 1 }]);
  });

  it("tells those that go the same way together, and a pinned one apart", async () => {
    await project.pulumi("config", "set", "--path", "pins.dev", "0001", "--stack", "all");
    const { output } = await project.pulumi("preview", "--stack", "all");
    expect(output).toContain("DOWNGRADE dev: 0002_note → 0001_things, 1 step; 1 revision held back");
    expect(output).toContain('Prod-2, a"; drop schema dev; --: 0002_note, nothing to do');
  });

  it("moves only the pinned schema", async () => {
    const { exitCode } = await project.pulumi("up", "--yes", "--skip-preview", "--stack", "all");
    expect(exitCode).toBe(0);
    expect(await ledgerRows(database, "dev")).toEqual(["1 0001_things applied"]);
    expect(await ledgerRows(database, "Prod-2")).toHaveLength(2);
  });

  it("lets go of a schema that leaves the list, and drops nothing", async () => {
    await project.pulumi("config", "rm", "--path", "pins.dev", "--stack", "all");
    await project.pulumi("config", "rm", "--path", "schemas[2]", "--stack", "all");
    await project.pulumi("config", "rm", "--path", "schemas[1]", "--stack", "all");
    const { exitCode } = await project.pulumi("up", "--yes", "--skip-preview", "--stack", "all");
    expect(exitCode).toBe(0);
    expect(await placesOf("things")).toEqual([...NAMES].sort());
    expect(await ledgerRows(database, "dev")).toHaveLength(2);
  });

  it("leaves an excluded schema alone, also where those that leave the list are dropped", async () => {
    await project.pulumi("config", "set", "onDestroy", "drop", "--stack", "all");
    await project.pulumi("up", "--yes", "--skip-preview", "--stack", "all");
    await project.pulumi("config", "set", "--path", "exclude[0]", "dev", "--stack", "all");
    const { exitCode } = await project.pulumi("up", "--yes", "--skip-preview", "--stack", "all");
    expect(exitCode).toBe(0);
    expect(await query("SELECT id FROM dev.kept")).toEqual([{ id: 1 }]);
    await project.pulumi("config", "rm", "exclude", "--stack", "all");
  });

  it("drops the schemas on destroy only where the config says so", async () => {
    await project.pulumi("config", "set", "onDestroy", "drop", "--stack", "all");
    await project.pulumi("up", "--yes", "--skip-preview", "--stack", "all");
    const destroy = ["destroy", "--yes", "--skip-preview", "--stack", "all"];
    const { exitCode } = await project.pulumi(...destroy, "--run-program");
    expect(exitCode).toBe(0);
    expect(await placesOf("things")).toEqual([...NAMES].slice(1).sort());
  });
});

async function placesOf(table: string): Promise<readonly string[]> {
  const rows = await query<{ schemaname: string }>("SELECT schemaname FROM pg_tables WHERE tablename = $1", [table]);
  return rows.map((row) => row.schemaname).sort();
}
