import { afterAll, describe, expect, it } from "vitest";
import { startEmbeddedPostgres } from "../../../toolchain/embedded-postgres.ts";
import { useDatabase } from "../../support/database.ts";
import { ledgerRows } from "../../support/objects.ts";
import { databaseOn } from "../../support/own-server.ts";
import { makeProject } from "../../support/project.ts";
import { MIGRATIONS } from "./tenants.ts";

const here = useDatabase();
const server = await startEmbeddedPostgres();
afterAll(server.stop);
const there = databaseOn(server);
const project = await makeProject({
  connection: here.connection,
  stacks: {
    prod: {
      fleets: {
        // The PG* variables say where; the other fleet says it for itself.
        here: { schemas: ["acme", "shared"] },
        there: { host: server.host, port: server.port, database: server.database, schemas: ["shared", "zeta"] },
      },
    },
  },
  migrations: MIGRATIONS,
});
const set = (...args: readonly string[]) => project.pulumi("config", "set", "--stack", "prod", ...args);
const up = () => project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");

describe("two servers in one program", () => {
  it("are migrated by one up; the same name on both is no conflict", async () => {
    expect((await set("--secret", "--path", "fleets.there.password", server.password)).exitCode).toBe(0);
    const { exitCode, output } = await up();
    expect(exitCode, output).toBe(0);
    for (const schema of ["acme", "shared"]) expect(await ledgerRows(here, schema)).toHaveLength(3);
    for (const schema of ["shared", "zeta"]) expect(await ledgerRows(there, schema)).toHaveLength(3);
    expect(await here.query("SELECT FROM pg_namespace WHERE nspname = 'zeta'")).toEqual([]);
    expect(output).not.toContain(server.password);
    expect(project.state("prod")).not.toContain(server.password);
  });

  it("one of them alone is rolled back by its own target", async () => {
    await set("--path", "fleets.there.target", "0001");
    const { exitCode, output } = await up();
    expect(exitCode, output).toBe(0);
    expect(await ledgerRows(there, "shared")).toEqual(["1 0001_users applied"]);
    expect(await ledgerRows(here, "shared")).toHaveLength(3);
  });

  it("stand in one status", async () => {
    const { output } = await project.status("--stack", "prod", "--json");
    const places = JSON.parse(output).map(({ fleet, schema, current }: Readonly<Record<string, string>>) =>
      [fleet, schema, current].join(" "),
    );
    expect(places).toEqual([
      "here acme 0003_invoices",
      "here shared 0003_invoices",
      "there shared 0001_users",
      "there zeta 0001_users",
    ]);
  });
});
