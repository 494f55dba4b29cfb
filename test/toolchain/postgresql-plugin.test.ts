import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { layoutIn } from "../../toolchain/install/layout.ts";
import { isStandIn } from "../../toolchain/install/stand-in.ts";
import { installTools } from "../../toolchain/install.ts";
import { useDatabase } from "../support/database.ts";
import { type ScratchProgram, scratchProgram } from "./scratch-program.ts";

const database = useDatabase();
let program: ScratchProgram;

// Where the official plugin can be had it runs instead: the same behaviour, other words.
await installTools();
const standIn = isStandIn(layoutIn().postgresql);

beforeAll(async () => {
  const { host, port, user, password } = database.connection;
  program = await scratchProgram(
    `
    import * as postgresql from "@pulumi/postgresql";
    import * as pulumi from "@pulumi/pulumi";
    const config = new pulumi.Config();
    const provider = new postgresql.Provider("server", {
      host: "${host}",
      port: Number(config.get("port") ?? ${port}),
      username: "${user}",
      password: process.env.SERVER_PASSWORD ?? "",
      database: "${database.connection.database}",
      sslmode: "disable",
    });
    if (config.getBoolean("database")) new postgresql.Database("database", {}, { provider });
    for (const schema of config.getObject<postgresql.SchemaArgs[]>("schemas") ?? []) {
      new postgresql.Schema(String(schema.name), schema, { provider });
    }
  `,
    { SERVER_PASSWORD: String(password) },
  );
});
afterAll(() => program[Symbol.asyncDispose]());

beforeEach(async () => {
  await program.pulumi("config", "rm", "port");
  await program.pulumi("config", "rm", "database");
});

async function up(...schemas: readonly object[]) {
  await program.pulumi("config", "set", "schemas", JSON.stringify(schemas));
  return program.pulumi("up", "--yes", "--skip-preview");
}

const schemas = async () => {
  const rows = await database.query<{ name: string; owner: string }>(
    "SELECT nspname AS name, nspowner::regrole::text AS owner FROM pg_namespace WHERE nspname ~ '^t_' ORDER BY 1",
  );
  return Object.fromEntries(rows.map(({ name, owner }) => [name, owner]));
};

describe("Schema", () => {
  test("is created, adopted where it exists, given to its owner, and dropped", async () => {
    await database.query(`CREATE SCHEMA "t_Old.one"`);
    expect(await up({ name: "t_Old.one", owner: "pg_monitor" }, { name: `t_"new"` })).toMatchObject({ exitCode: 0 });
    expect(await schemas()).toEqual({ "t_Old.one": "pg_monitor", 't_"new"': "postgres" });
    expect(await up()).toMatchObject({ exitCode: 0 });
    expect(await schemas()).toEqual({});
  });

  test.runIf(standIn)("is not dropped with something in it, unless dropCascade was deployed before", async () => {
    await up({ name: "t_full" });
    await database.query("CREATE TABLE t_full.precious()");
    const refused = await up();
    expect(refused.exitCode).not.toBe(0);
    expect(refused.all).toContain(
      `Could not drop schema "t_full" in database "${database.connection.database}": cannot drop schema t_full because other ` +
        "objects depend on it (SQLSTATE 2BP01). It is not empty. To drop it with all that is in it, deploy the resource with " +
        "dropCascade: true first, then delete it",
    );
    expect(await schemas()).toEqual({ t_full: "postgres" });

    await up({ name: "t_full", dropCascade: true });
    expect(await up()).toMatchObject({ exitCode: 0 });
    expect(await schemas()).toEqual({});
  });

  test("that someone dropped is found missing by a refresh and made again", async () => {
    await up({ name: "t_lost" });
    await database.query("DROP SCHEMA t_lost");
    await program.pulumi("refresh", "--yes", "--skip-preview");
    await up({ name: "t_lost" });
    expect(await schemas()).toEqual({ t_lost: "postgres" });
  });
});

test("a preview does not connect to the server", async () => {
  await program.pulumi("config", "set", "port", "1");
  await program.pulumi("config", "set", "schemas", JSON.stringify([{ name: "t_planned" }]));
  expect(await program.pulumi("preview")).toMatchObject({ exitCode: 0 });
});

test.runIf(standIn)("a failed connection names the server and not the password", async () => {
  await program.pulumi("config", "set", "port", "1");
  const { exitCode, all } = await up({ name: "t_unreachable" });
  expect(exitCode).not.toBe(0);
  expect(all).toContain(
    `no connection to PostgreSQL at ${database.connection.host}:1, database "${database.connection.database}", as user "postgres": connect ECONNREFUSED`,
  );
  expect(all).not.toContain(database.connection.password);
});

test.runIf(standIn)("a type that the stand-in lacks is refused by the preview, with the way out", async () => {
  await program.pulumi("config", "set", "database", "true");
  const { exitCode, all } = await program.pulumi("preview");
  expect(exitCode).not.toBe(0);
  expect(all).toContain(
    "stand-in for the plugin of @pulumi/postgresql does not have the resource type postgresql:index/database:Database, only " +
      "postgresql:index/schema:Schema, postgresql:index/role:Role, postgresql:index/grant:Grant, " +
      "postgresql:index/defaultPrivileges:DefaultPrivileges, postgresql:index/grantRole:GrantRole. The official plugin has it",
  );
});
