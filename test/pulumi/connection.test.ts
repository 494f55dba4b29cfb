import { describe, expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { errorsIn, makeProject, PASSPHRASE } from "../support/project.ts";

const database = useDatabase();
const { connection, query } = database;
const SECRET = connection.password ?? "";
const project = await makeProject({
  connection: undefined,
  stacks: { prod: ["prod"] },
  migrations: { "0001_users.up.sql": "CREATE TABLE users (id int);\n", "0001_users.down.sql": "DROP TABLE users;\n" },
});
const config = (...args: readonly string[]) => project.pulumi("config", "set", ...args, "--stack", "prod");
const preview = async () => clean((await project.pulumi("preview", "--stack", "prod")).output);
const up = (...args: readonly string[]) => project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod", ...args);

describe("the connection", () => {
  it("is asked for where none is given", async () => {
    expect(await preview()).toMatchInlineSnapshot(
      `"error: No connection is configured. Set the parts (pulumi config set host db.example.com; database, user; pulumi config set --secret password), or all in one (pulumi config set --secret url postgres://…), or the environment variables PGHOST, PGDATABASE, PGUSER and PGPASSWORD."`,
    );
  });

  it("names the host and port that do not answer", async () => {
    await config("host", "127.0.0.1");
    await config("port", "1");
    await config("sslmode", "disable");
    expect(await preview()).toMatchInlineSnapshot(
      `"error: Preview failed: before hook "migrations-preview" failed: 127.0.0.1:1 does not answer as PostgreSQL: connect ECONNREFUSED 127.0.0.1:1. Check the host, the port and the network."`,
    );
  });

  it("names the database that does not exist", async () => {
    await config("port", `${connection.port}`);
    await config("--secret", "password", SECRET);
    await config("database", "nowhere");
    expect(await preview()).toMatchInlineSnapshot(
      `"error: Preview failed: before hook "migrations-preview" failed: SERVER has no database "nowhere". Create it, or name another: pulumi config set database NAME."`,
    );
  });

  it("says that the server speaks no TLS", async () => {
    await config("database", connection.database);
    await config("sslmode", "require");
    expect(await preview()).toMatchInlineSnapshot(
      `"error: Preview failed: before hook "migrations-preview" failed: SERVER does not speak TLS, which sslmode asks for. If the network is trusted: pulumi config set sslmode disable."`,
    );
  });

  it("says who was refused, and never with which password", async () => {
    await config("sslmode", "disable");
    await config("--secret", "password", "wrong-password");
    const text = await preview();
    expect(text).not.toContain("wrong-password");
    expect(text).toMatchInlineSnapshot(
      `"error: Preview failed: before hook "migrations-preview" failed: SERVER refused to sign in "postgres": password authentication failed for user "postgres". Check the user and the password (pulumi config set --secret password)."`,
    );
  });

  it("migrates with the parts given in the config", async () => {
    await config("--secret", "password", SECRET);
    const { exitCode } = await up();
    expect(exitCode).toBe(0);
    expect(await query("SELECT revision FROM prod.migration_ledger")).toEqual([{ revision: "0001_users" }]);
  });

  it("takes a rotated password as an update that runs no migration", async () => {
    await query(`CREATE ROLE rotated LOGIN SUPERUSER PASSWORD 'new-secret'`);
    await config("user", "rotated");
    await config("--secret", "password", "new-secret");
    const { exitCode, output } = await up("--refresh=false");
    expect(exitCode).toBe(0);
    expect(output).toContain("2 updated");
    expect(await query("SELECT count(*)::int AS n FROM prod.migration_ledger")).toEqual([{ n: 1 }]);
  });

  it("says of a refresh that it signs in as the last up did", async () => {
    await query("ALTER ROLE rotated PASSWORD 'newer-secret'");
    const text = await preview();
    expect(text).toContain(
      "The refresh uses the connection of the last up. If it has changed since: pulumi up --refresh=false, once.",
    );
    expect(text).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
    await query("ALTER ROLE rotated PASSWORD 'new-secret'");
  });

  it("keeps every secret out of the state, in the parts and in a URL", async () => {
    for (const key of ["host", "port", "database", "user", "password", "sslmode"]) {
      await project.pulumi("config", "rm", key, "--stack", "prod");
    }
    await config(
      "--secret",
      "url",
      `postgres://rotated:new-secret@127.0.0.1:${connection.port}/${connection.database}?sslmode=disable`,
    );
    const { exitCode, output } = await up();
    expect(exitCode).toBe(0);
    for (const text of [
      output,
      project.state("prod"),
      (await project.pulumi("preview", "--diff", "--stack", "prod")).output,
    ]) {
      expect(text).not.toContain("new-secret");
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain(PASSPHRASE);
    }
  });
});

/** The errors without what differs between runs. */
function clean(output: string): string {
  return errorsIn(output).replaceAll(`127.0.0.1:${connection.port}`, "SERVER");
}
