import { describe, expect, it } from "vitest";
import type { History } from "../../src/history/revision.ts";
import { folderInputs } from "../../src/pulumi/inputs.ts";
import { refuseChangedFolder } from "../../src/pulumi/plan-all.ts";
import { refused } from "../history/refused.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { ledgerRows, objectsOf } from "../support/objects.ts";
import { makeProject } from "../support/project.ts";
import { inputs } from "./build-inputs.ts";

const database = useDatabase();
const DOWN = "DROP TABLE u;\n";
const project = await makeProject({
  connection: database.connection,
  stacks: { prod: { schemas: ["prod"], downFrom: "folder" } },
  migrations: {
    "0001_t.up.sql": "CREATE TABLE t (id int);\n",
    "0001_t.down.sql": "DROP TABLE t;\n",
    "0002_u.up.sql": "CREATE TABLE u (id int);\n",
    "0002_u.down.sql": DOWN,
  },
});
const pulumi = (...args: readonly string[]) => project.pulumi(...args, "--stack", "prod");

describe("an up with the plan of a preview", () => {
  it("does not run a down script that was edited since", async () => {
    await pulumi("up", "--yes", "--skip-preview");
    await pulumi("config", "set", "target", "0001_t");
    expect((await pulumi("preview", "--save-plan", "plan.json")).output).toContain("drop table u");
    project.write({ "migrations/0002_u.down.sql": "DROP TABLE u, t;\n" });
    const { exitCode, output } = await pulumi("up", "--yes", "--skip-preview", "--plan", "plan.json");
    expect(exitCode).not.toBe(0);
    expect(output).toContain(
      "resource urn:pulumi:prod::schema-migrations::pulumi-nodejs:dynamic:SchemaMigration::migrations violates plan",
    );
    expect(output).toContain("downs");
    expect(await ledgerRows(database, "prod")).toHaveLength(2);
    expect(await objectsOf(database, "prod")).toContain("table t");
  });

  it("runs what was shown", async () => {
    project.write({ "migrations/0002_u.down.sql": DOWN });
    const { exitCode, output } = await pulumi("up", "--yes", "--skip-preview", "--plan", "plan.json");
    expect(exitCode, output).toBe(0);
    expect(await ledgerRows(database, "prod")).toEqual(["1 0001_t applied"]);
  });
});

describe("a folder that changes between the engine's check and the run", () => {
  const scripts = { "0001_a": { up: "SELECT 1", down: "SELECT 2" }, "0002_b": { up: "SELECT 3", down: "SELECT 4" } };
  const history = historyOf(scripts);
  const asked = inputs({ target: "0001_a", ...folderInputs(history, inputs({ target: "0001_a" })) });
  const refusal = (now: History) => refused(() => refuseChangedFolder(asked, now));

  it("is refused where an up or a down script did, also one beyond the target", () => {
    expect(() => refuseChangedFolder(asked, history)).not.toThrow();
    expect(refusal(historyOf({ ...scripts, "0001_a": { up: "SELECT 0", down: "SELECT 2" } }))).toContain(": 0001_a.");
    expect(refusal(historyOf({ ...scripts, "0002_b": { up: "SELECT 3", down: "SELECT 0" } }))).toContain(": 0002_b.");
    expect(refusal(historyOf({ ...scripts, "0002_b": "SELECT 3" }))).toContain(": 0002_b.");
    expect(
      refusal(historyOf({ ...scripts, "0001_a": { up: "SELECT 1" }, "0002_b": { up: "SELECT 3", down: "" } })),
    ).toContain(": 0001_a and 0002_b.");
  });

  it("may get an up script beyond the target, which does not run", () => {
    expect(() => refuseChangedFolder(asked, historyOf({ ...scripts, "0003_c": "SELECT 5" }))).not.toThrow();
  });
});
