import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { ledgerRows } from "../support/objects.ts";
import { errorsIn, makeProject } from "../support/project.ts";

const database = useDatabase();
const { query } = database;
const project = await makeProject({
  connection: database.connection,
  stacks: { prod: { schemas: ["play0", "play1"], concurrency: 1 } },
  migrations: {
    "0001_t.up.sql": "CREATE TABLE t (id int);\n",
    "0001_t.down.sql": "DROP TABLE t;\n",
    "0002_u.up.sql": "CREATE UNIQUE INDEX u ON t (id);\n",
    "0002_u.down.sql": "DROP INDEX u;\n",
  },
});
const config = (...args: readonly string[]) => project.pulumi("config", ...args, "--stack", "prod");
const preview = () => project.pulumi("preview", "--stack", "prod");
const up = () => project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");

/** Types the commands of a message that accept an edited revision. */
async function paste(text: string): Promise<void> {
  for (const [, command = ""] of text.matchAll(/pulumi (config set --path 'acceptEdited.*)\.$/gm)) {
    const words = await execa("sh", ["-c", `printf '%s\\n' ${command}`], { lines: true });
    const { exitCode, output } = await project.pulumi(...words.stdout, "--stack", "prod");
    expect(exitCode, output).toBe(0);
  }
}

describe("a step that fails in one schema after another one has it", () => {
  it("says that the other has it, and what that leaves to do", async () => {
    await config("set", "target", "0001_t");
    await up();
    await query("INSERT INTO play1.t VALUES (1), (1)");
    await config("rm", "target");
    const { exitCode, output } = await up();
    expect(exitCode).not.toBe(0);
    expect(errorsIn(output)).toContain(
      'Nothing of 0002_u remains; the schema is at 0001_t. Schema "play0" has 0002_u already. ' +
        "Mend by hand what is in the way here, and run again; or edit the script, and accept that: pulumi config set --path 'acceptEdited[0]' 0002_u.\n",
    );
  });

  it("is edited, and refused, until the edit is accepted as the refusal says", async () => {
    project.write({
      "migrations/0001_t.up.sql": "CREATE TABLE t (id integer);\n",
      "migrations/0002_u.up.sql": "CREATE INDEX u ON t (id);\n",
    });
    const refused = await preview();
    expect(refused.exitCode).not.toBe(0);
    const text = errorsIn(refused.output);
    expect(text).toMatch(/'acceptEdited\[0\]' 0001_t\.\nThe same in play1\.$/m);
    expect(text).toMatch(/'acceptEdited\[1\]' 0002_u\.$/m);
    await paste(text);
    const { exitCode, output } = await preview();
    expect(output).toContain("play0: 0002_u, nothing to do");
    expect(output).toContain("play1: 0001_t → 0002_u, 1 step");
    expect(exitCode).toBe(0);
  });

  it("runs as it is now where it had failed, and not again where it is applied", async () => {
    expect((await up()).exitCode).toBe(0);
    expect(await query("SELECT schemaname, indexdef FROM pg_indexes WHERE indexname = 'u' ORDER BY 1")).toEqual([
      { schemaname: "play0", indexdef: "CREATE UNIQUE INDEX u ON play0.t USING btree (id)" },
      { schemaname: "play1", indexdef: "CREATE INDEX u ON play1.t USING btree (id)" },
    ]);
    expect(await ledgerRows(database, "play0")).toEqual(await ledgerRows(database, "play1"));
    expect((await preview()).output).toContain("unchanged");
  });

  it("goes back in both, and stays accepted", async () => {
    await config("set", "target", "base");
    expect((await up()).exitCode).toBe(0);
    await config("rm", "target");
    expect((await up()).exitCode).toBe(0);
    expect(await ledgerRows(database, "play0")).toHaveLength(2);
  });

  it("is refused where it is no revision's name, with the near ones", async () => {
    await config("set", "--path", "acceptEdited[2]", "0003_u");
    const { output } = await preview();
    expect(errorsIn(output)).toMatchInlineSnapshot(
      `"error: pulumi-nodejs:dynamic:SchemaMigration resource 'migrations' has a problem: acceptEdited "0003_u" is not in the history, whose head is 0002_u. Did you mean 0002_u or 0001_t? It wants a revision's id, number, name or the beginning of one."`,
    );
  });
});

describe("a fleet of several", () => {
  it("accepts for itself what others do not", async () => {
    project.write({
      "Pulumi.prod.yaml":
        "config: { fleets: { a: { schemas: [play0], acceptEdited: [0002_u] }, b: { schemas: [play1] } } }\n",
    });
    expect((await up()).exitCode).toBe(0);
    project.write({ "migrations/0002_u.up.sql": "CREATE INDEX u ON t USING hash (id);\n" });
    const { output } = await preview();
    expect(errorsIn(output)).toContain('0002_u was edited after it was applied in schema "play1"');
    expect(output).toContain("play0: 0002_u, nothing to do");
  });
});
