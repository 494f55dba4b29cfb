import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { makeProject } from "../../support/project.ts";
import { useRole } from "../../support/role.ts";
import { MIGRATIONS } from "./tenants.ts";

const database = useDatabase();
const { connection, query } = database;
/** Who migrates: no superuser, as on a managed server. */
const deployer = useRole(database);
/** Roles belong to the server, which other test files use at the same time. */
const owner = `owner_of_all_${deployer.user.slice(-6)}`;
const FOUND = { schemasQuery: "select name from public.shops where active" };
const project = await makeProject({
  connection: { ...connection, ...deployer },
  stacks: { shops: FOUND },
  migrations: MIGRATIONS,
});
const run = async (command: "up" | "preview") => {
  const skip = command === "up" ? ["--yes", "--skip-preview"] : [];
  const { exitCode, output } = await project.pulumi(command, ...skip, "--stack", "shops");
  return { exitCode, output: output.replaceAll(owner, "OWNER").replaceAll(deployer.user, "DEPLOYER") };
};
const set = (...config: readonly string[]) => project.pulumi("config", "set", "--stack", "shops", ...config);

beforeAll(() =>
  query(`ALTER ROLE ${deployer.user} CREATEROLE; GRANT CREATE ON DATABASE ${connection.database} TO ${deployer.user};
         CREATE TABLE public.shops (name text, active boolean); INSERT INTO public.shops VALUES ('shop_1', true), ('shop_2', true);
         GRANT SELECT ON public.shops TO ${deployer.user}`),
);
afterAll(() => query(`DROP OWNED BY ${owner} CASCADE; DROP ROLE ${owner}`));

describe("a fleet that gets one owner for all its schemas", () => {
  it("had none before", async () => {
    const { exitCode, output } = await run("up");
    expect(exitCode, output).toBe(0);
  });

  it("gives it the right to work in those that are there, as the preview says, and what is new is made in them", async () => {
    await set("owner", owner);
    project.write({
      "migrations/0004_drop.up.sql": "DROP TABLE IF EXISTS invoices;\nCREATE TABLE orders (id int);\n",
      "migrations/0004_drop.down.sql": "DROP TABLE orders;\nCREATE TABLE invoices (id int PRIMARY KEY);\n",
    });
    const preview = await run("preview");
    expect(preview.output).toContain(
      "shop_1: 2 objects of yours will belong to OWNER; OWNER will have USAGE, CREATE on it\n" +
        "    shop_2: 2 objects of yours will belong to OWNER; OWNER will have USAGE, CREATE on it\n",
    );
    const { exitCode, output } = await run("up");
    expect(exitCode, output).toBe(0);
    expect(await tables()).toEqual([
      "shop_1.orders OWNER",
      "shop_1.users OWNER",
      "shop_2.orders OWNER",
      "shop_2.users OWNER",
    ]);
  });

  it("leaves it its rights in one that is excluded, and in one that is let go of", async () => {
    await set("--path", "exclude[0]", "shop_2");
    const preview = await run("preview");
    expect(preview.exitCode, preview.output).toBe(0);
    await project.pulumi("config", "rm", "--stack", "shops", "exclude");
    await query("UPDATE public.shops SET active = false WHERE name = 'shop_2'");
    const { exitCode, output } = await run("up");
    expect(exitCode, output).toBe(0);
  });

  it("gives them again where they were taken back meanwhile", async () => {
    await query(`REVOKE ALL ON SCHEMA shop_2 FROM ${owner}; UPDATE public.shops SET active = true`);
    project.write({
      "migrations/0005_more.up.sql": "CREATE TABLE more (id int);\n",
      "migrations/0005_more.down.sql": "DROP TABLE more;\n",
    });
    const { exitCode, output } = await run("up");
    expect(exitCode, output).toBe(0);
    expect(await tables()).toContain("shop_2.more OWNER");
  });
});

/** All but the ledgers, with their owners. */
async function tables(): Promise<readonly string[]> {
  const rows = await query<{ name: string }>(
    `SELECT schemaname || '.' || tablename || ' ' || tableowner AS name FROM pg_tables
      WHERE schemaname LIKE 'shop%' AND tablename <> 'migration_ledger' ORDER BY 1`,
  );
  return rows.map(({ name }) => name.replace(owner, "OWNER"));
}
