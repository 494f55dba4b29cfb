import { execa } from "execa";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { events } from "../support/objects.ts";
import { makeProject, pgVariables, type TestProject } from "../support/project.ts";

const database = useDatabase();
const { connection, query } = database;
const migrations = {
  "0001_a.up.sql": "CREATE TABLE a (id int);\n",
  "0001_a.down.sql": "DROP TABLE a;\n",
  "0002_b.up.sql": "CREATE TABLE b (id int);\n",
  "0002_b.down.sql": "DROP TABLE b;\n",
};
let project: TestProject;
beforeAll(async () => {
  project = await makeProject({ connection, stacks: { dev: ["one"] }, migrations });
});

/** As `npm run snapshot` runs it, on the server that the variables name. */
async function makeIt(): Promise<string> {
  const { all } = await execa(process.execPath, ["src/snapshot/main.ts"], {
    cwd: project.folder,
    env: pgVariables(connection),
    all: true,
    reject: false,
  });
  return all;
}

/** What is said of a snapshot, each once. */
function told(output: string): readonly string[] {
  const lines = output.split("\n").map((line) => line.trim().replace(/ +\d+ ms$/, " … ms"));
  return [...new Set(lines.filter((line) => /^(↑|warning: )/.test(line)))];
}

describe("a snapshot, by the commands", () => {
  it("is made, previewed, used, and warned of where it is of no use", async () => {
    await project.pulumi("config", "set", "snapshot", "true", "--stack", "dev");
    expect(told((await project.pulumi("preview", "--stack", "dev")).output)).toMatchInlineSnapshot(`
      [
        "↑ 0001_a",
        "↑ 0002_b",
        "warning: The config asks for a snapshot, and there is no migrations/snapshot.sql. New schemas replay the history. Make it: npm run snapshot.",
      ]
    `);

    expect(await makeIt()).toBe(
      `migrations/snapshot.sql: 2 revisions up to 0002_b, proven equal on PostgreSQL ${inject("major")}.`,
    );
    project.write({ "migrations/0003_c.up.sql": "CREATE TABLE c (id int);\n" });
    expect(told((await project.pulumi("preview", "--stack", "dev")).output)).toMatchInlineSnapshot(`
      [
        "↑ 0001_a … 0002_b from the snapshot (2 revisions), migrations/snapshot.sql",
        "↑ 0003_c, no way back: it has no down script",
      ]
    `);
    const up = await project.pulumi("up", "--yes", "--stack", "dev");
    expect(told(up.output)).toMatchInlineSnapshot(`
      [
        "↑ 0001_a … 0002_b from the snapshot (2 revisions), migrations/snapshot.sql",
        "↑ 0003_c, no way back: it has no down script",
        "↑ 0001_a … 0002_b from the snapshot … ms",
        "↑ 0003_c … ms",
      ]
    `);
    expect(await events(database, "one")).toEqual(["0001_a up snapshot", "0002_b up snapshot", "0003_c up done"]);
    expect((await project.status("--stack", "dev")).output).toContain("0003_c");

    project.write({ "migrations/0002_b.up.sql": "CREATE TABLE b (id bigint);\n" });
    await query("DROP SCHEMA one CASCADE");
    const stale = await project.pulumi("up", "--yes", "--stack", "dev");
    expect(told(stale.output)).toMatchInlineSnapshot(`
      [
        "↑ 0001_a",
        "↑ 0002_b",
        "↑ 0003_c, no way back: it has no down script",
        "warning: migrations/snapshot.sql stands for the history up to 0002_b, in which something was edited, added or removed since. New schemas replay the history. Make it anew: npm run snapshot.",
        "↑ 0001_a … ms",
        "↑ 0002_b … ms",
        "↑ 0003_c … ms",
      ]
    `);
    expect(stale.exitCode).toBe(0);
    expect(await events(database, "one")).toEqual(["0001_a up done", "0002_b up done", "0003_c up done"]);
  });
});
