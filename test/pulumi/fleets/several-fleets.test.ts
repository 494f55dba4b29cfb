import { describe, expect, it } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { everyCatalogRow, ledgerRows } from "../../support/objects.ts";
import { errorsIn, makeProject } from "../../support/project.ts";
import { MIGRATIONS, withoutTimes } from "./tenants.ts";

const database = useDatabase();
const { query } = database;
const project = await makeProject({
  connection: database.connection,
  stacks: {
    prod: {
      fleets: {
        early: { schemas: ["acme", "tenant_00*"] },
        late: { schemasQuery: "select schema_name from public.tenants", target: "0001" },
      },
    },
  },
  migrations: MIGRATIONS,
});
const set = (path: string, value: string) => project.pulumi("config", "set", "--path", path, value, "--stack", "prod");
const up = () => project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");

describe("two fleets in one stack", () => {
  it("that would own the same schemas are refused with the names of both, before anything changed", async () => {
    await query("CREATE SCHEMA tenant_0001; CREATE SCHEMA tenant_0002; CREATE TABLE public.tenants (schema_name text)");
    await query("INSERT INTO public.tenants VALUES ('tenant_0002'), ('zeta'), ('acme')");
    const before = await everyCatalogRow(database);
    for (const command of [["preview"], ["up", "--yes", "--skip-preview"]]) {
      const { exitCode, output } = await project.pulumi(...command, "--stack", "prod");
      expect(exitCode).not.toBe(0);
      expect(
        errorsIn(output)
          .split("\n")
          .filter((line) => line.includes("owned")),
      ).toMatchInlineSnapshot(`
        [
          "error: Schemas acme and tenant_0002 would be owned by early and late, each with its own target. Leave them to one: pulumi config set --path 'fleets.FLEET.exclude[0]' SCHEMA.",
        ]
      `);
    }
    expect(await everyCatalogRow(database)).toEqual(before);
  });

  it("go each to a target of their own", async () => {
    await set("fleets.late.exclude[0]", "acme");
    await set("fleets.late.exclude[1]", "tenant_00*2");
    const { exitCode } = await up();
    expect(exitCode).toBe(0);
    expect(await ledgerRows(database, "acme")).toHaveLength(3);
    expect(await ledgerRows(database, "tenant_0002")).toHaveLength(3);
    expect(await ledgerRows(database, "zeta")).toEqual(["1 0001_users applied"]);
  });

  it("stand apart in the outputs and in the status", async () => {
    const { output } = await project.pulumi("stack", "output", "--json", "--stack", "prod");
    expect(JSON.parse(output).current).toEqual({
      early: { "0003_invoices": "acme, tenant_0001, tenant_0002" },
      late: { "0001_users": "zeta" },
    });
    const status = await project.status("--stack", "prod");
    expect(withoutTimes(status.output)).toMatchInlineSnapshot(`
      "stack  fleet  schema       current        target      pending  last event
      prod   early  acme         0003_invoices  head        -        WHEN WHO: up 0003_invoices done
      prod   early  tenant_0001  0003_invoices  head        -        WHEN WHO: up 0003_invoices done
      prod   early  tenant_0002  0003_invoices  head        -        WHEN WHO: up 0003_invoices done
      prod   late   zeta         0001_users     0001        -        WHEN WHO: up 0001_users done
      prod   late   acme         0003_invoices  (excluded)  -        WHEN WHO: up 0003_invoices done
      prod   late   tenant_0002  0003_invoices  (excluded)  -        WHEN WHO: up 0003_invoices done"
    `);
  });

  it("one that fails does not take the other's work away", async () => {
    await query("CREATE TABLE zeta.invoices (made_by text)");
    await set("fleets.late.target", "head");
    await set("fleets.early.target", "0002");
    const { exitCode, output } = await up();
    expect(exitCode).not.toBe(0);
    expect(output).toContain("Of 1 schema 1 failed.");
    await query("DROP TABLE zeta.invoices");
    expect((await up()).exitCode).toBe(0);
    expect(await ledgerRows(database, "acme")).toHaveLength(2);
    expect(await ledgerRows(database, "zeta")).toHaveLength(3);
  });
});
