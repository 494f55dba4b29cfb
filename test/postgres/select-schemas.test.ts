import { describe, expect, test } from "vitest";
import { type Selection, selectSchemas } from "../../src/postgres/select-schemas.ts";
import { errorText } from "../../src/problem-text.ts";
import { useDatabase } from "../support/database.ts";

const database = useDatabase();
const { connection, query } = database;

const select = (selection: Partial<Selection>) => selectSchemas(connection, { schemas: [], exclude: [], ...selection });
const refusal = (selection: Partial<Selection>) =>
  select(selection).then(
    () => "not refused",
    (error: unknown) => errorText(error),
  );

describe("the schemas of a fleet", () => {
  test("that are listed need no server", async () => {
    const nowhere = { ...connection, host: "nowhere.invalid" };
    expect(await selectSchemas(nowhere, { schemas: ["prod", "dev"], exclude: ["dev"] })).toEqual({
      schemas: ["prod"],
      listed: ["prod", "dev"],
      excluded: ["dev"],
    });
  });

  test("that fit a pattern are those that exist, by name, and never PostgreSQL's own", async () => {
    await query(`CREATE SCHEMA tenant_2; CREATE SCHEMA tenant_10; CREATE SCHEMA "tenant%"; CREATE SCHEMA other`);
    expect((await select({ schemas: ["tenant_*"] })).schemas).toEqual(["tenant_10", "tenant_2"]);
    expect((await select({ schemas: ["*"] })).schemas).toEqual(["other", "public", "tenant%", "tenant_10", "tenant_2"]);
    expect(await select({ schemas: ["none_*"] })).toEqual({ schemas: [], listed: [], excluded: [] });
  });

  test("come once, the listed ones first, without those that are excluded", async () => {
    const selection = { schemas: ["tenant_2", "tenant_*", "new"], exclude: ["*_10", "not_there"] };
    expect(await select(selection)).toEqual({
      schemas: ["tenant_2", "new"],
      listed: ["tenant_2", "new"],
      excluded: ["tenant_10"],
    });
  });

  test("that a query names may be missing still", async () => {
    await query("CREATE TABLE public.tenants (schema_name text, active boolean)");
    await query(
      `INSERT INTO public.tenants VALUES ('tenant_2', true), ('gone', false), ('a"; drop schema prod; --', true)`,
    );
    const schemasQuery = "SELECT schema_name FROM public.tenants WHERE active";
    expect((await select({ schemasQuery })).schemas).toEqual(['a"; drop schema prod; --', "tenant_2"]);
    expect((await select({ schemasQuery: `${schemasQuery};` })).schemas).toHaveLength(2);
    expect(
      (await select({ schemasQuery: "SELECT nspname FROM pg_namespace WHERE nspname = 'other'" })).schemas,
    ).toEqual(["other"]);
  });
});

describe("a query for schemas is refused", () => {
  test("that is wrong, that changes something, or that is two", async () => {
    expect(await refusal({ schemasQuery: "SELECT x FROM missing" })).toMatchInlineSnapshot(
      `"PostgreSQL refused to run schemasQuery: relation "missing" does not exist (SQLSTATE 42P01)"`,
    );
    expect(await refusal({ schemasQuery: "DELETE FROM public.tenants RETURNING schema_name" })).toContain("25006");
    const two = "SET default_transaction_read_only = off; DELETE FROM public.tenants RETURNING schema_name";
    expect(await refusal({ schemasQuery: two })).toContain("42601");
    expect(await query("SELECT FROM public.tenants")).toHaveLength(3);
  });

  test("that does not name schemas", async () => {
    expect(await refusal({ schemasQuery: "SELECT 7" })).toContain("schemasQuery gave 7");
    expect(await refusal({ schemasQuery: "SELECT NULL" })).toContain("schemasQuery gave null");
    expect(await refusal({ schemasQuery: "SELECT 'acme'::char(20)" })).toContain("gave char(n), which fills names up");
    expect(await refusal({ schemasQuery: "SELECT 'public'::regnamespace" })).toContain(
      "gave regnamespace, which quotes",
    );
    expect(await refusal({ schemasQuery: "SELECT" })).toContain("schemasQuery gave no column");
    expect(await refusal({ schemasQuery: "SELECT 'pg_toast'" })).toContain("PostgreSQL's own");
  });
});
