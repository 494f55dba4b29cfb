import { describe, expect, it } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { makeProject } from "../../support/project.ts";
import { MIGRATIONS, now, ranSince, tenants, tenantsQuery } from "./tenants.ts";

const COUNT = 40;
const database = useDatabase();
const { query } = database;
const project = await makeProject({
  connection: database.connection,
  stacks: {
    prod: {
      schemasQuery: tenantsQuery(COUNT),
      waves: [["tenant_0007"], ["10%"]],
      waveCheck: "select healthy from public.site",
      // What is allowed within a wave does not let the next one start.
      onFailure: "continue",
    },
  },
  migrations: MIGRATIONS,
});
const up = () => project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");

describe("waves", () => {
  it("with a canary that is no schema are refused before anything changes", async () => {
    await project.pulumi("config", "set", "--path", "waves[0][0]", "tenant_007", "--stack", "prod");
    const { exitCode, output } = await up();
    expect(exitCode).not.toBe(0);
    expect(output).toContain(
      'config "waves": got "tenant_007", which is no schema of this stack, wants a share, a pattern, or one of',
    );
    expect(await existing()).toEqual([]);
    await project.pulumi("config", "set", "--path", "waves[0][0]", "tenant_0007", "--stack", "prod");
  });

  it("nobody is started behind a canary that fails", async () => {
    await query("CREATE TABLE public.site (healthy boolean); INSERT INTO public.site VALUES (true)");
    await query("CREATE SCHEMA tenant_0007; CREATE TABLE tenant_0007.invoices (made_by text)");
    const since = await now(database);
    const { exitCode, output } = await up();
    expect(exitCode).not.toBe(0);
    expect(output).toContain(
      'Schema "tenant_0007", migrations/0003_invoices.up.sql:1: relation "invoices" already exists',
    );
    expect(output).toContain("Of 40 schemas 1 failed, 39 not started.");
    expect(await ranSince(database, since)).toEqual(["tenant_0007 0003_invoices up failed"]);
    expect(await existing()).toEqual(["tenant_0007"]);
  });

  it("nor behind a wave that is whole while the check does not say true; the error quotes it", async () => {
    await query("DROP TABLE tenant_0007.invoices; UPDATE public.site SET healthy = false");
    const since = await now(database);
    const { exitCode, output } = await up();
    expect(exitCode).not.toBe(0);
    expect(output.slice(output.indexOf("\t* "), output.indexOf("\nOutputs:")).split("\n\n")[0]).toMatchInlineSnapshot(`
      "	* The next wave was not started: waveCheck gave false, and wants true:
            select healthy from public.site
          Look into it; the next up goes on with what is left.
          Of 40 schemas 0 failed, 39 not started. What was done is kept; the next up goes on from there."
    `);
    expect(await ranSince(database, since)).toEqual(["tenant_0007 0003_invoices up done"]);
  });

  it("a check that fails holds the wave as well", async () => {
    await query("ALTER TABLE public.site RENAME TO website");
    const since = await now(database);
    const { exitCode, output } = await up();
    // The canary is whole: the first wave now is the share, which waits for the check as it did before.
    expect(exitCode).not.toBe(0);
    expect(output).toContain(
      'PostgreSQL refused to run waveCheck: relation "public.site" does not exist (SQLSTATE 42P01)',
    );
    expect(await ranSince(database, since)).toEqual([]);
  });

  it("all follow when it does", async () => {
    await query("ALTER TABLE public.website RENAME TO site; UPDATE public.site SET healthy = true");
    const { exitCode, output } = await up();
    expect(exitCode).toBe(0);
    expect(output).toContain("39 schemas moved, 117 steps");
    expect(await existing()).toEqual(tenants(COUNT));
  });
});

async function existing(): Promise<readonly string[]> {
  const rows = await query<{ name: string }>(
    "SELECT nspname AS name FROM pg_namespace WHERE starts_with(nspname, 'tenant_') ORDER BY 1",
  );
  return rows.map(({ name }) => name);
}
