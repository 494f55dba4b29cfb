import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientConfig, useDatabase } from "../support/database.ts";
import { errorsIn, makeProject } from "../support/project.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { connection, query } = database;
/** Who migrates: no superuser, as on a managed server. */
const deployer = useRole(database);
/** Roles belong to the server, which other test files use at the same time. */
const mark = deployer.user.slice(-6);
const ODD = 'a"; drop schema prod; --';
const SECRETS = { old: "old secret", dev: "dev's secret", prod: 'prod"secret', [ODD]: "odd'; secret" };

const owner = (schema: string) => `${schema} owner ${mark}`;
const app = (schema: string) => `${schema} app ${mark}`;

const project = await makeProject({
  connection: { ...connection, ...deployer },
  stacks: { dev: ["dev"], prod: ["prod"], odd: [ODD], old: ["old"] },
  migrations: {
    "0001_users.up.sql": `CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
      CREATE SEQUENCE numbers;
      CREATE FUNCTION answer() RETURNS int LANGUAGE sql AS 'SELECT 42';
      CREATE FUNCTION names() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
        AS 'SELECT count(name) FROM users';\n`,
    "0001_users.down.sql": "DROP FUNCTION names(), answer(); DROP SEQUENCE numbers; DROP TABLE users;\n",
    "0002_by_name.up.sql": "CREATE INDEX CONCURRENTLY by_name ON users (name);\n",
    "0002_by_name.down.sql": "DROP INDEX by_name;\n",
  },
});
const outputs: string[] = [];
const run = async (command: string, stack: string, ...args: readonly string[]) => {
  const skip = command === "preview" ? [] : ["--yes", "--skip-preview"];
  const { exitCode, output } = await project.pulumi(command, ...skip, ...args, "--stack", stack);
  outputs.push(output);
  return { exitCode, output: output.replaceAll(mark, "MARK").replaceAll(deployer.user, "DEPLOYER") };
};

beforeAll(async () => {
  await query(
    `ALTER ROLE ${deployer.user} CREATEROLE; GRANT CREATE ON DATABASE ${connection.database} TO ${deployer.user}`,
  );
  await configureRoles("dev", "dev");
  await configureRoles("prod", "prod");
  await configureRoles("odd", ODD);
});

async function configureRoles(stack: string, schema: keyof typeof SECRETS): Promise<void> {
  const config = (...args: readonly string[]) => project.pulumi("config", "set", "--stack", stack, ...args);
  await config("owner", owner("{schema}"));
  await config("app", app("{schema}"));
  await config("--secret", "--path", `rolePasswords[${JSON.stringify(app(schema))}]`, "--", SECRETS[schema] ?? "");
}
afterAll(async () => {
  for (const schema of Object.keys(SECRETS)) {
    for (const role of [app(schema), owner(schema)]) {
      const name = pg.escapeIdentifier(role);
      if ((await query("SELECT FROM pg_roles WHERE rolname = $1", [role])).length > 0) {
        await query(`DROP OWNED BY ${name} CASCADE; DROP ROLE ${name}`);
      }
    }
  }
});

/** What comes of a statement for a schema's application, signed in with its password: the first value or the SQLSTATE. */
async function as(schema: keyof typeof SECRETS, sql: string): Promise<unknown> {
  const client = new pg.Client(clientConfig({ ...connection, user: app(schema), password: SECRETS[schema] }));
  await client.connect();
  return answer(client, sql);
}

/** The same for a schema's owner, which cannot sign in. */
async function asOwner(schema: string, sql: string): Promise<unknown> {
  const client = new pg.Client(clientConfig(connection));
  await client.connect();
  await client.query(`SET SESSION AUTHORIZATION ${pg.escapeIdentifier(owner(schema))}`);
  return answer(client, sql);
}

async function answer(client: pg.Client, sql: string): Promise<unknown> {
  try {
    const result = await client.query({ text: sql, rowMode: "array" });
    return result.rows[0]?.[0] ?? result.command;
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error.code;
    throw error;
  } finally {
    await client.end();
  }
}

const DENIED = "42501";

describe("a stack with roles, deployed by a user that is no superuser", () => {
  it("previews without making anything", async () => {
    const { exitCode, output } = await run("preview", "prod");
    expect(output).toContain("prod: base → 0002_by_name, 2 steps (the schema is created first)");
    expect(exitCode).toBe(0);
    expect(await query("SELECT FROM pg_roles WHERE rolname = ANY ($1)", [[owner("prod"), app("prod")]])).toEqual([]);
  });

  it("makes roles, schema and rights, then migrates; dev, prod and a schema of any name", async () => {
    for (const stack of ["dev", "prod", "odd"]) {
      const { exitCode, output } = await run("up", stack);
      expect(output).toContain("0002_by_name");
      expect(exitCode, output).toBe(0);
    }
  });

  it("has nothing to do the second time, whatever a refresh finds", async () => {
    const { exitCode, output } = await run("preview", "prod", "--expect-no-changes");
    expect(exitCode, output).toBe(0);
  });

  it("gives what migrations make to the owner, and the ledger to who migrates", async () => {
    const rows = await query<{ name: string; owner: string }>(
      `SELECT relname AS name, pg_get_userbyid(relowner) AS owner FROM pg_class
        WHERE relnamespace = 'prod'::regnamespace AND relkind IN ('r', 'S', 'i') ORDER BY relname COLLATE "C"`,
    );
    const by = Object.fromEntries(rows.map((row) => [row.name, row.owner]));
    expect(by).toMatchObject({
      users: owner("prod"),
      numbers: owner("prod"),
      by_name: owner("prod"),
      migration_ledger: deployer.user,
    });
  });
});

describe("an application", () => {
  it.each(["dev", "prod", ODD] as const)("reads and writes its own schema: %s", async (schema) => {
    const s = pg.escapeIdentifier(schema);
    expect(await as(schema, `INSERT INTO ${s}.users (name) VALUES ('Ana') RETURNING id`)).toBe(1);
    expect(await as(schema, `UPDATE ${s}.users SET name = 'Bia' RETURNING name`)).toBe("Bia");
    expect(await as(schema, `SELECT nextval('${s.replaceAll("'", "''")}.numbers')`)).toBe("1");
    expect(await as(schema, `SELECT ${s}.answer()`)).toBe(42);
    expect(await as(schema, `DELETE FROM ${s}.users RETURNING name`)).toBe("Bia");
  });

  it("changes nothing of its structure and nothing of the ledger", async () => {
    for (const sql of [
      "CREATE TABLE prod.t (id int)",
      "ALTER TABLE prod.users ADD COLUMN x int",
      "DROP TABLE prod.users",
      "TRUNCATE prod.users",
      "SELECT * FROM prod.migration_ledger",
      "DELETE FROM prod.migration_ledger",
      "UPDATE prod.migration_ledger SET outcome = 'started'",
      "INSERT INTO prod.migration_ledger (run, actor, revision, direction, outcome) VALUES (gen_random_uuid(), 'x', 'x', 'up', 'done')",
      "DROP TABLE prod.migration_ledger",
      `SET ROLE ${pg.escapeIdentifier(owner("prod"))}`,
    ]) {
      expect([sql, await as("prod", sql)]).toEqual([sql, DENIED]);
    }
  });

  it("reads and writes nothing in another schema, nor does its owner", async () => {
    for (const sql of [
      "SELECT * FROM prod.users",
      "INSERT INTO prod.users (name) VALUES ('x')",
      "UPDATE prod.users SET name = 'x'",
      "DELETE FROM prod.users",
      "SELECT nextval('prod.numbers')",
      "SELECT last_value FROM prod.numbers",
      "SELECT prod.answer()",
      "SELECT prod.names()",
      "SELECT * FROM prod.migration_ledger",
      "DELETE FROM prod.migration_ledger",
      "CREATE TABLE prod.t (id int)",
      "DROP SCHEMA prod CASCADE",
      "CREATE TABLE public.t (id int)",
      `SET ROLE ${pg.escapeIdentifier(app("prod"))}`,
    ]) {
      expect([sql, await as("dev", sql)]).toEqual([sql, DENIED]);
      expect([sql, await asOwner("dev", sql)]).toEqual([sql, DENIED]);
    }
  });

  it("cannot lead a SECURITY DEFINER function to a table of its own", async () => {
    await query("INSERT INTO prod.users (name) VALUES ('Ana')");
    expect(await as("prod", "SELECT prod.names()")).toBe("1");
    const client = new pg.Client(clientConfig({ ...connection, user: app("prod"), password: SECRETS.prod }));
    await client.connect();
    await client.query("CREATE TEMP TABLE users (name text); INSERT INTO users VALUES ('x'), ('y')");
    expect(await answer(client, "SELECT prod.names()")).toBe("1");
  });

  it("gets its rights on what a later migration makes", async () => {
    project.write({
      "migrations/0003_notes.up.sql": "CREATE TABLE notes (text text);\n",
      "migrations/0003_notes.down.sql": "DROP TABLE notes;\n",
    });
    const { exitCode, output } = await run("up", "prod");
    expect(exitCode, output).toBe(0);
    expect(await as("prod", "INSERT INTO prod.notes VALUES ('x') RETURNING text")).toBe("x");
  });
});

describe("what was given by hand", () => {
  it("is refused where it reaches into another schema, before anything runs", async () => {
    await query(`GRANT USAGE ON SCHEMA prod TO ${pg.escapeIdentifier(app("dev"))}`);
    await query(`GRANT ${pg.escapeIdentifier(app("prod"))} TO ${pg.escapeIdentifier(owner("dev"))}`);
    await query("CREATE TABLE public.shared (id int); GRANT SELECT ON public.shared TO PUBLIC");
    const { output } = await run("preview", "dev");
    expect(errorsIn(output)).toMatchInlineSnapshot(`
      "error: Preview failed: before hook "migrations-preview" failed: Role "dev app MARK" has USAGE on schema "prod", which is not its own. Take it back: REVOKE USAGE ON SCHEMA "prod" FROM "dev app MARK".
      Every role has SELECT on public.shared, the owners and applications of other schemas among them. Take it back: REVOKE SELECT ON "public"."shared" FROM PUBLIC.
      Role "dev owner MARK" has the rights of "prod app MARK", which reach into schema "prod". Take them back: REVOKE "prod app MARK" FROM "dev owner MARK" GRANTED BY "postgres"."
    `);
    await query(`REVOKE USAGE ON SCHEMA prod FROM ${pg.escapeIdentifier(app("dev"))}; DROP TABLE public.shared`);
    await query(`REVOKE ${pg.escapeIdentifier(app("prod"))} FROM ${pg.escapeIdentifier(owner("dev"))}`);
  });
});

describe("a stack that was there before its roles", () => {
  it("hands over what it has, as the preview says", async () => {
    await project.pulumi("config", "set", "--stack", "old", "target", "0001");
    expect((await run("up", "old")).exitCode).toBe(0);
    await configureRoles("old", "old");
    const preview = await run("preview", "old");
    expect(preview.output).toContain(
      "old: 4 objects of yours will belong to old owner MARK; old app MARK gets its rights on 2 tables that are there",
    );
    const { exitCode, output } = await run("up", "old");
    expect(exitCode, output).toBe(0);
    expect(await as("old", "INSERT INTO old.users (name) VALUES ('Ana') RETURNING name")).toBe("Ana");
    expect((await run("preview", "old", "--expect-no-changes")).exitCode).toBe(0);
  });
});

describe("a password", () => {
  it("is rotated by an up that runs no migration", async () => {
    SECRETS.prod = "another secret";
    const path = `rolePasswords[${JSON.stringify(app("prod"))}]`;
    await project.pulumi("config", "set", "--stack", "prod", "--secret", "--path", path, "--", SECRETS.prod);
    const { exitCode, output } = await run("up", "prod");
    expect(exitCode, output).toBe(0);
    expect(await as("prod", "SELECT count(*) FROM prod.users")).toBe("1");
  });

  it("is in no output, no state, no SQL file", async () => {
    await run("preview", "prod", "--diff");
    await run("preview", "odd", "--diff");
    const sql = readFileSync(join(project.folder, ".preview/odd.sql"), "utf8");
    const files = [sql, ...["dev", "prod", "odd", "old"].map((stack) => project.state(stack))];
    for (const text of [...outputs, ...files]) {
      for (const secret of [...Object.values(SECRETS), 'prod"secret', deployer.password]) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(JSON.stringify(secret).slice(1, -1));
      }
    }
  });
});

describe("destroy", () => {
  it("lets go of the roles as of the schemas: the application goes on working", async () => {
    const { exitCode, output } = await run("destroy", "prod");
    expect(exitCode, output).toBe(0);
    expect(await as("prod", "SELECT count(*) FROM prod.users")).toBe("1");
  });

  it("is gone back on by importing the roles", async () => {
    const refused = await run("up", "prod");
    expect(refused.output).toContain("SQLSTATE 42710");
    const server = (await project.pulumi("stack", "export", "--stack", "prod")).output.match(
      /"urn": "(.*::migrations-server)"/,
    );
    for (const role of [owner("prod"), app("prod")]) {
      const provider = ["--provider", `migrations-server=${server?.[1]}`];
      const imported = await project.pulumi(
        "import",
        "postgresql:index/role:Role",
        `migrations-${role}`,
        role,
        ...provider,
        "--protect=false",
        "--yes",
        "--skip-preview",
        "--generate-code=false",
        "--stack",
        "prod",
      );
      expect(imported.exitCode, imported.output).toBe(0);
    }
    const { exitCode, output } = await run("up", "prod");
    expect(exitCode, output).toBe(0);
    expect(await as("prod", "SELECT count(*) FROM prod.users")).toBe("1");
    expect((await run("preview", "prod", "--expect-no-changes")).exitCode).toBe(0);
  });

  it("drops the roles with the schemas where the config says so", async () => {
    await project.pulumi("config", "set", "onDestroy", "drop", "--stack", "dev");
    expect((await run("up", "dev")).exitCode).toBe(0);
    const { exitCode, output } = await run("destroy", "dev", "--run-program");
    expect(exitCode, output).toBe(0);
    expect(await query("SELECT FROM pg_roles WHERE rolname = ANY ($1)", [[owner("dev"), app("dev")]])).toEqual([]);
    expect(await query("SELECT FROM pg_namespace WHERE nspname = 'dev'")).toEqual([]);
  });
});
