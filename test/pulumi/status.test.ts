import { describe, expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { makeProject } from "../support/project.ts";
import { catalogSnapshot } from "../support/snapshot.ts";

const database = useDatabase();
const project = await makeProject({
  connection: database.connection,
  stacks: { dev: ["dev"], prod: ["prod", "other"] },
  migrations: { "0001_users.up.sql": "CREATE TABLE users (id int);\n" },
});

describe("npm run status", () => {
  it("works on a database that has no ledger and no schema yet, and writes nothing", async () => {
    const before = await catalogSnapshot(database);
    const { exitCode, output } = await project.status();
    expect(exitCode).toBe(0);
    expect(output).toMatchInlineSnapshot(`
      "stack  schema  current           target  pending       last event
      dev    dev     (no such schema)  head    ↑ 0001_users  -
      prod   prod    (no such schema)  head    ↑ 0001_users  -
      prod   other   (no such schema)  head    ↑ 0001_users  -"
    `);
    expect(await catalogSnapshot(database)).toEqual(before);
  });

  it("shows one stack, with what ran last", async () => {
    await project.pulumi("up", "--yes", "--skip-preview", "--stack", "dev");
    const { output } = await project.status("--stack", "dev");
    expect(output.replace(/\d{4}-\d\d-\d\d \d\d:\d\d \S+:/, "WHEN WHO:")).toMatchInlineSnapshot(`
      "stack  schema  current     target  pending  last event
      dev    dev     0001_users  head    -        WHEN WHO: up 0001_users done"
    `);
  });

  it("says which stack is unknown", async () => {
    const { exitCode, output } = await project.status("--stack", "staging");
    expect(exitCode).toBe(1);
    expect(output).toMatchInlineSnapshot(
      `"Stack "staging": no stack named 'staging' found, only dev and prod. Make it: pulumi stack init staging."`,
    );
  });

  it("says what to do about a file whose stack is not there, and tells the others", async () => {
    project.write({ "Pulumi.gone.yaml": "config: {}\n", "Pulumi.octal.yaml": "config: { target: 0010 }\n" });
    const { exitCode, output } = await project.status();
    expect(exitCode).toBe(1);
    expect(output).toContain(
      `Stack "gone": no stack named 'gone' found, only dev and prod. Make it: pulumi stack init gone, or delete Pulumi.gone.yaml.\n`,
    );
    expect(output).toContain(
      'Stack "octal": config "target": got 0010 without quotes, which YAML reads as the octal number 8',
    );
    expect(output).toContain("dev    dev     0001_users");
  });

  it("tells its usage to who asks for it", async () => {
    const { exitCode, output } = await project.status("--help");
    expect(exitCode).toBe(0);
    expect(output).toMatchInlineSnapshot(`
      "Usage: npm run status -- [--stack NAME]… [--schema NAME]… [--json]

      Where the schemas of the stacks that have a config file here stand, as their ledgers say it. It writes nothing.
        --stack   only this stack, with a config file or without
        --schema  only this schema
        --json    for machines, with every error in full"
    `);
  });

  it("says which arguments it takes", async () => {
    const { exitCode, output } = await project.status("--stak", "dev");
    expect(exitCode).toBe(1);
    expect(output).toMatchInlineSnapshot(`
      "Unknown option '--stak'
      Usage: npm run status -- [--stack NAME]… [--schema NAME]… [--json]"
    `);
  });
});
