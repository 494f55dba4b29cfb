import { describe, expect, it } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { errorsIn, makeProject } from "../../support/project.ts";
import { MIGRATIONS, now, ranSince, tenants, tenantsQuery, withoutTimes } from "./tenants.ts";

const COUNT = 120;
/** The lines of a screen. */
const SCREEN = 60;
const database = useDatabase();
const { query } = database;
const project = await makeProject({
  connection: database.connection,
  stacks: { prod: { schemasQuery: tenantsQuery(COUNT), target: "0002", concurrency: 4 } },
  migrations: MIGRATIONS,
});
const up = () => project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");
const set = (key: string, value: string) => project.pulumi("config", "set", key, value, "--stack", "prod");

describe("120 schemas in one resource", () => {
  it("are previewed within a screen", async () => {
    const { exitCode, output } = await project.pulumi("preview", "--stack", "prod");
    expect(output).toContain(
      "120 schemas (tenant_0001, tenant_0002, tenant_0003, …): base → 0002_cpf, 2 steps (the schema is created first); 1 revision held back",
    );
    expect(lines(output)).toBeLessThan(SCREEN);
    expect(exitCode).toBe(0);
  });

  it("are migrated within a screen, whose table holds one row for all", async () => {
    const { exitCode, output } = await up();
    expect(withoutTimes(output)).toMatch(
      /120 schemas moved, 240 steps\n.*\n +120 schemas \(tenant_0001, …\) +base +0002_cpf +TIME, at most TIME\n/,
    );
    expect(lines(output)).toBeLessThan(SCREEN);
    expect(exitCode).toBe(0);
  });

  it("stop at the first that fails: those under way finish, and the state tells where each is", async () => {
    await query("CREATE TABLE tenant_0060.invoices (made_by text)");
    await set("target", "head");
    const { exitCode, output } = await up();
    expect(exitCode).not.toBe(0);
    const { "0002_cpf": behind = [], "0003_invoices": done = [] } = places();
    expect(behind).toContain("tenant_0060");
    // Three others were under way, and hardly more than those have been started since.
    expect(done.length).toBeGreaterThanOrEqual(59);
    expect(done.length).toBeLessThan(75);
    expect([...behind, ...done].sort()).toEqual(tenants(COUNT));
    expect(done).toEqual(await atHead());
    expect(errors(output)).toEqual([
      "error: 1 error occurred:",
      '\t* Schema "tenant_0060", migrations/0003_invoices.up.sql:1: relation "invoices" already exists (SQLSTATE 42P07)',
      "  CREATE TABLE invoices (id int PRIMARY KEY)",
      `Nothing of 0003_invoices remains; the schema is at 0002_cpf. ${done.length} schemas (tenant_0001, tenant_0002, tenant_0003, …) have 0003_invoices already. ` +
        "Mend by hand what is in the way here, and run again; or edit the script, and accept that: pulumi config set --path 'acceptEdited[0]' 0003_invoices.",
      `Of 120 schemas 1 failed, ${behind.length - 1} not started. What was done is kept; the next up goes on from there.`,
    ]);
    expect(lines(output)).toBeLessThan(SCREEN);
  });

  it("go on after failures up to a limit; the next up starts only those that are behind", async () => {
    await query("CREATE TABLE tenant_0080.invoices (made_by text); ALTER TABLE tenant_0100.users ADD COLUMN plan text");
    await set("onFailure", "continue");
    await set("failureLimit", "1");
    // One after the other: what is under way beside the second failure may fail too.
    await set("concurrency", "1");
    const before = places()["0003_invoices"] ?? [];
    const since = await now(database);
    const { exitCode, output } = await up();
    expect(exitCode).not.toBe(0);
    const ran = (await ranSince(database, since)).map((line) => line.split(" ")[0]);
    expect(ran.filter((schema) => before.includes(schema ?? ""))).toEqual([]);
    expect(output).toContain(
      `Of ${COUNT - before.length} schemas 2 failed, ${(places()["0002_cpf"] ?? []).length - 2} not started.`,
    );
  });

  it("go on to the end without a limit, and one cause is told once with the names", async () => {
    await set("failureLimit", "0");
    await set("concurrency", "4");
    const { exitCode, output } = await up();
    expect(exitCode).not.toBe(0);
    expect(places()["0002_cpf"]).toEqual(["tenant_0060", "tenant_0080", "tenant_0100"]);
    expect(
      errors(output)
        .join("\n")
        .replace(/Of \d+ schemas/, "Of N schemas"),
    ).toMatchInlineSnapshot(`
      "error: 2 errors occurred:
      	* Schema "tenant_0060", migrations/0003_invoices.up.sql:1: relation "invoices" already exists (SQLSTATE 42P07)
        CREATE TABLE invoices (id int PRIMARY KEY)
      Nothing of 0003_invoices remains; the schema is at 0002_cpf. 117 schemas (tenant_0001, tenant_0002, tenant_0003, …) have 0003_invoices already. Mend by hand what is in the way here, and run again; or edit the script, and accept that: pulumi config set --path 'acceptEdited[0]' 0003_invoices.
      The same in tenant_0080.
      	* Schema "tenant_0100", migrations/0003_invoices.up.sql:2: column "plan" of relation "users" already exists (SQLSTATE 42701)
        ALTER TABLE users ADD COLUMN plan text
      Nothing of 0003_invoices remains; the schema is at 0002_cpf. 117 schemas (tenant_0001, tenant_0002, tenant_0003, …) have 0003_invoices already. Mend by hand what is in the way here, and run again; or edit the script, and accept that: pulumi config set --path 'acceptEdited[0]' 0003_invoices.
      Of N schemas 3 failed. What was done is kept; the next up goes on from there."
    `);
  });

  it("stand in a status of a few lines, those behind apart", async () => {
    const { output } = await project.status("--stack", "prod");
    expect(withoutTimes(output)).toMatchInlineSnapshot(`
      "stack  schema                                 current        target  pending          last event
      prod   117 schemas (tenant_0001, …)           0003_invoices  head    -                WHEN WHO: up 0003_invoices done
      prod   tenant_0060, tenant_0080, tenant_0100  0002_cpf       head    ↑ 0003_invoices  WHEN WHO: up 0003_invoices failed

      Schema "tenant_0060", up 0003_invoices failed: relation "invoices" already exists
      The same in tenant_0080.

      Schema "tenant_0100", up 0003_invoices failed: column "plan" of relation "users" already exists"
    `);
  });

  it("are whole after the cause is gone, and only the three of them ran", async () => {
    await query("DROP TABLE tenant_0060.invoices; DROP TABLE tenant_0080.invoices");
    await query("ALTER TABLE tenant_0100.users DROP COLUMN plan");
    const since = await now(database);
    const { exitCode } = await up();
    expect(exitCode).toBe(0);
    expect(places()).toEqual({ "0003_invoices": tenants(COUNT) });
    expect(await ranSince(database, since)).toEqual([
      "tenant_0060 0003_invoices up done",
      "tenant_0080 0003_invoices up done",
      "tenant_0100 0003_invoices up done",
    ]);
  });

  it("are let alone by an up that finds nothing to do", async () => {
    const since = await now(database);
    const { exitCode, output } = await up();
    expect(exitCode).toBe(0);
    expect(output).toContain("unchanged");
    expect(await ranSince(database, since)).toEqual([]);
  });
});

/** Where the state says that the schemas are. */
function places(): Readonly<Record<string, readonly string[]>> {
  const { resources } = JSON.parse(project.state("prod")).checkpoint.latest;
  const fleet = resources.find(({ type }: { readonly type: string }) => type.endsWith(":SchemaMigration"));
  return fleet.outputs.current;
}

/** Where the ledgers say it. */
async function atHead(): Promise<readonly string[]> {
  const each = tenants(COUNT).map(
    (name) =>
      `SELECT '${name}' AS name FROM ${name}.migration_ledger WHERE revision = '0003_invoices' AND outcome = 'done'`,
  );
  return (await query<{ name: string }>(each.join(" UNION ALL "))).map(({ name }) => name).sort();
}

function lines(output: string): number {
  return output.trim().split("\n").length;
}

/** The fleet's errors as they are told, line by line, without the result table above and the outputs below. */
function errors(output: string): readonly string[] {
  const all = errorsIn(output).split("\n");
  const end = all.findIndex((line) => line.includes("What was done is kept"));
  return all.slice(
    all.findIndex((line) => /^error: \d/.test(line)),
    end + 1,
  );
}
