import { describe, expect, it } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { everyCatalogRow, ledgerRows } from "../../support/objects.ts";
import { makeProject } from "../../support/project.ts";
import { MIGRATIONS, tenants, withoutTimes } from "./tenants.ts";

const database = useDatabase();
const { query } = database;
const project = await makeProject({
  connection: database.connection,
  stacks: {
    prod: {
      schemasQuery: "select schema_name from public.tenants where active",
      exclude: ["tenant_0003"],
      pins: { tenant_0005: "0002" },
    },
    pattern: { schemas: ["shop_*"], exclude: ["shop_old*"] },
  },
  migrations: MIGRATIONS,
});
const up = (stack: string) => project.pulumi("up", "--yes", "--skip-preview", "--stack", stack);

describe("a fleet that a query finds", () => {
  it("is told by its preview, which writes nothing: who is created, who is pinned, who is left alone", async () => {
    await query("CREATE TABLE public.tenants (schema_name text PRIMARY KEY, active boolean NOT NULL DEFAULT true)");
    await query("INSERT INTO public.tenants SELECT unnest($1::text[])", [tenants(30)]);
    const before = await everyCatalogRow(database);
    const { exitCode, output } = await project.pulumi("preview", "--stack", "prod");
    expect(told(output)).toMatchInlineSnapshot(`
      "  pulumi-nodejs:dynamic:SchemaMigration (migrations):
      28 schemas (tenant_0001, tenant_0002, tenant_0004, …): base → 0003_invoices, 3 steps (the schema is created first)
        ↑ 0001_users
            create table users (id, email)
            | CREATE TABLE users (id int PRIMARY KEY, email text);
        ↑ 0002_cpf
            add column users.cpf text
            | ALTER TABLE users ADD COLUMN cpf text;
        ↑ 0003_invoices
            create table invoices (id)
            add column users.plan text
            | CREATE TABLE invoices (id int PRIMARY KEY);
            | ALTER TABLE users ADD COLUMN plan text;
      tenant_0005: base → 0002_cpf, 2 steps (the schema is created first); 1 revision held back
        ↑ 0001_users
            create table users (id, email)
            | CREATE TABLE users (id int PRIMARY KEY, email text);
        ↑ 0002_cpf
            add column users.cpf text
            | ALTER TABLE users ADD COLUMN cpf text;
      Excluded: tenant_0003
      The SQL, exactly as it would run: .preview/prod.sql"
    `);
    expect(exitCode).toBe(0);
    expect(output).not.toContain("warning");
    expect(await everyCatalogRow(database)).toEqual(before);
  });

  it("is created by an up, but for the excluded one", async () => {
    const { exitCode, output } = await up("prod");
    expect(exitCode).toBe(0);
    expect(await schemas("tenant")).toEqual(tenants(30).filter((name) => name !== "tenant_0003"));
    expect(await ledgerRows(database, "tenant_0005")).toEqual(["1 0001_users applied", "2 0002_cpf applied"]);
    expect(withoutTimes(told(output))).toMatchInlineSnapshot(`
      "  pulumi-nodejs:dynamic:SchemaMigration (migrations):
      29 schemas moved, 86 steps
      schema                       before  after            time
      28 schemas (tenant_0001, …)  base    0003_invoices    TIME, at most TIME
                                           ↑ 0001_users     TIME, at most TIME
                                           ↑ 0002_cpf       TIME, at most TIME
                                           ↑ 0003_invoices  TIME, at most TIME
      tenant_0005                  base    0002_cpf         TIME
                                           ↑ 0001_users     TIME
                                           ↑ 0002_cpf       TIME"
    `);
  });

  it("gets a new tenant by a row in its table, and lets go of one whose row says so, by name in the preview", async () => {
    await query("INSERT INTO public.tenants VALUES ('tenant_0099')");
    await query("UPDATE public.tenants SET active = false WHERE schema_name = 'tenant_0007'");
    await query("INSERT INTO tenant_0007.users VALUES (1, 'ana@example.com')");
    const before = await everyCatalogRow(database);
    const { output } = await project.pulumi("preview", "--stack", "prod");
    expect(told(output)).toMatchInlineSnapshot(`
      "  pulumi-nodejs:dynamic:SchemaMigration (migrations):
      tenant_0099: base → 0003_invoices, 3 steps (the schema is created first)
        ↑ 0001_users
            create table users (id, email)
            | CREATE TABLE users (id int PRIMARY KEY, email text);
        ↑ 0002_cpf
            add column users.cpf text
            | ALTER TABLE users ADD COLUMN cpf text;
        ↑ 0003_invoices
            create table invoices (id)
            add column users.plan text
            | CREATE TABLE invoices (id int PRIMARY KEY);
            | ALTER TABLE users ADD COLUMN plan text;
      27 schemas (tenant_0001, tenant_0002, tenant_0004, …): 0003_invoices, nothing to do
      tenant_0005: 0002_cpf, nothing to do; 1 revision held back
      New here: tenant_0099
      No longer here: tenant_0007
      Excluded: tenant_0003
      The SQL, exactly as it would run: .preview/prod.sql"
    `);
    expect(await everyCatalogRow(database)).toEqual(before);
  });

  it("has then the new schema, and of the vanished one its schema and data stay", async () => {
    expect((await up("prod")).exitCode).toBe(0);
    expect(await ledgerRows(database, "tenant_0099")).toHaveLength(3);
    expect(await query("SELECT email FROM tenant_0007.users")).toEqual([{ email: "ana@example.com" }]);
    expect(project.state("prod")).not.toContain("tenant_0007");
  });

  it("is a few lines of a stack's outputs", async () => {
    const { output } = await project.pulumi("stack", "output", "--json", "--stack", "prod");
    expect(JSON.parse(output)).toEqual({
      current: { migrations: { "0002_cpf": "tenant_0005", "0003_invoices": "28 schemas" } },
      pending: { migrations: { "0002_cpf": ["0003_invoices"] } },
    });
  });

  it("stands in a status of a few lines, the pinned and the excluded one apart", async () => {
    const { output } = await project.status("--stack", "prod");
    expect(withoutTimes(output)).toMatchInlineSnapshot(`
      "stack  schema                       current           target      pending  last event
      prod   28 schemas (tenant_0001, …)  0003_invoices     head        -        WHEN WHO: up 0003_invoices done
      prod   tenant_0005                  0002_cpf          0002        -        WHEN WHO: up 0002_cpf done
      prod   tenant_0003                  (no such schema)  (excluded)  -        -"
    `);
  });

  it("can be asked for one schema, and for all as JSON", async () => {
    const { output } = await project.status("--stack", "prod", "--schema", "tenant_0005");
    expect(withoutTimes(output)).toMatchInlineSnapshot(`
      "stack  schema       current   target  pending  last event
      prod   tenant_0005  0002_cpf  0002    -        WHEN WHO: up 0002_cpf done"
    `);
    const all = JSON.parse((await project.status("--stack", "prod", "--json")).output);
    expect(all).toHaveLength(30);
    expect(all[1]).toMatchObject({ schema: "tenant_0002", current: "0003_invoices", target: "head", problem: null });
    const unknown = await project.status("--stack", "prod", "--schema", "tenant_0007");
    expect(unknown).toEqual({ exitCode: 1, output: 'No stack owns schema "tenant_0007".' });
  });

  it("is refused where the query could write, and nothing is written", async () => {
    const sql = "delete from public.tenants returning schema_name";
    await project.pulumi("config", "set", "schemasQuery", sql, "--stack", "prod");
    const { exitCode, output } = await up("prod");
    expect(exitCode).not.toBe(0);
    expect(output).toContain(
      "PostgreSQL refused to run schemasQuery: cannot execute DELETE in a read-only transaction",
    );
    expect(await query("SELECT count(*)::int AS n FROM public.tenants")).toEqual([{ n: 31 }]);
  });
});

describe("a fleet that a pattern finds", () => {
  it("is what exists when the program runs, without the excluded ones", async () => {
    await query("CREATE SCHEMA shop_1; CREATE SCHEMA shop_2; CREATE SCHEMA shop_old1; CREATE SCHEMA shopping");
    expect((await up("pattern")).exitCode).toBe(0);
    expect(await migrated("shop")).toEqual(["shop_1", "shop_2"]);
    await query("CREATE SCHEMA shop_3");
    const { output } = await project.pulumi("preview", "--stack", "pattern");
    expect(output).toContain("shop_3: base → 0003_invoices, 3 steps\n");
    expect(output).toContain("shop_1, shop_2: 0003_invoices, nothing to do\n");
    expect(output).toContain("Excluded: shop_old1\n");
  });

  it("warns of an exclude that fits nobody, in a preview and in an up: those who are meant are migrated", async () => {
    await project.pulumi("config", "set", "--path", "exclude[1]", "shpo_3", "--stack", "pattern");
    const warning =
      'warning: config "exclude": "shpo_3" fits no schema: nobody is left alone by it. Did you mean shop_3?\n';
    expect((await project.pulumi("preview", "--stack", "pattern")).output).toContain(warning);
    expect((await up("pattern")).output).toContain(warning);
  });

  it("is let go by destroy, with all that is in it", async () => {
    expect((await project.pulumi("destroy", "--yes", "--skip-preview", "--stack", "pattern")).exitCode).toBe(0);
    expect(await migrated("shop")).toEqual(["shop_1", "shop_2", "shop_3"]);
  });
});

async function schemas(prefix: string): Promise<readonly string[]> {
  const rows = await query<{ name: string }>(
    "SELECT nspname AS name FROM pg_namespace WHERE starts_with(nspname, $1) ORDER BY 1",
    [prefix],
  );
  return rows.map(({ name }) => name);
}

async function migrated(prefix: string): Promise<readonly string[]> {
  const rows = await query<{ name: string }>(
    "SELECT schemaname AS name FROM pg_tables WHERE tablename = 'invoices' AND starts_with(schemaname, $1) ORDER BY 1",
    [prefix],
  );
  return rows.map(({ name }) => name);
}

/** What the resource told, without Pulumi's frame. */
function told(output: string): string {
  const [, diagnostics = ""] = output.split("Diagnostics:\n");
  return diagnostics.split("\n\n")[0]?.replaceAll(/^ {4}/gm, "") ?? "";
}
