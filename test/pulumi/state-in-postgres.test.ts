import { afterAll, describe, expect, it } from "vitest";
import { startEmbeddedPostgres } from "../../toolchain/embedded-postgres.ts";
import { useDatabase } from "../support/database.ts";
import { ledgerRows } from "../support/objects.ts";
import { databaseOn } from "../support/own-server.ts";
import { makeProject } from "../support/project.ts";
import { MIGRATIONS } from "./fleets/tenants.ts";

const database = useDatabase();
/** A server that several machines share for Pulumi's state. */
const shared = await startEmbeddedPostgres();
afterAll(shared.stop);
const { user, password, host, port } = shared;
const project = await makeProject({
  connection: database.connection,
  stacks: { prod: ["prod", "staging"] },
  migrations: MIGRATIONS,
  backend: `postgres://${user}:${password}@${host}:${port}/postgres?sslmode=disable`,
});
const up = () => project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");

describe("with Pulumi's state in PostgreSQL", () => {
  it("the first up creates the schemas, and the state is there and nowhere else", async () => {
    const { exitCode, output } = await up();
    expect(exitCode, output).toBe(0);
    expect(await ledgerRows(database, "prod")).toHaveLength(3);
    const rows = await databaseOn(shared).query("SELECT key FROM pulumi_state WHERE key LIKE '%stacks%/prod.json'");
    expect(rows).toEqual([{ key: "postgres/.pulumi/stacks/schema-migrations/prod.json" }]);
    expect(() => project.state("prod")).toThrow("ENOENT");
  });

  it("a preview finds nothing to do", async () => {
    const { exitCode, output } = await project.pulumi("preview", "--expect-no-changes", "--stack", "prod");
    expect(exitCode, output).toBe(0);
  });

  it("a pin rolls back, and one schema alone stays", async () => {
    await project.pulumi("config", "set", "target", "0001", "--stack", "prod");
    await project.pulumi("config", "set", "--path", "pins.staging", "head", "--stack", "prod");
    const { exitCode, output } = await up();
    expect(exitCode, output).toBe(0);
    expect(await ledgerRows(database, "prod")).toEqual(["1 0001_users applied"]);
    expect(await ledgerRows(database, "staging")).toHaveLength(3);
  });

  it("a failure is kept, and the next up goes on from it", async () => {
    await database.query("CREATE TABLE prod.invoices (made_by text)");
    await project.pulumi("config", "rm", "target", "--stack", "prod");
    expect((await up()).exitCode).not.toBe(0);
    expect(await ledgerRows(database, "prod")).toEqual(["1 0001_users applied", "2 0002_cpf applied"]);
    const { output } = await project.pulumi("stack", "export", "--stack", "prod");
    expect(output).toContain("initErrors");
    await database.query("DROP TABLE prod.invoices");
    expect((await up()).exitCode).toBe(0);
    expect(await ledgerRows(database, "prod")).toHaveLength(3);
  });

  it("status reads the config through it", async () => {
    const { output } = await project.status("--stack", "prod", "--json");
    expect(JSON.parse(output).map(({ current }: { readonly current: string }) => current)).toEqual([
      "0003_invoices",
      "0003_invoices",
    ]);
  });
});
