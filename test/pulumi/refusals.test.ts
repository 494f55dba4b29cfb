import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { errorsIn, makeProject } from "../support/project.ts";
import { catalogSnapshot } from "../support/snapshot.ts";

const MIGRATIONS = {
  "0001_users.up.sql": "CREATE TABLE users (id int PRIMARY KEY);\n",
  "0001_users.down.sql": "DROP TABLE users;\n",
  "0002_add_cpf.up.sql": "ALTER TABLE users ADD COLUMN cpf text;\n",
  "0002_add_cpf.down.sql": "ALTER TABLE users DROP COLUMN cpf;\n",
  "0003_add_cep.up.sql": "ALTER TABLE users ADD COLUMN cep text;\n",
};

const database = useDatabase();
const project = await makeProject({
  connection: database.connection,
  stacks: { prod: ["prod"] },
  migrations: MIGRATIONS,
});

/** What a refused preview says, without Pulumi's own frame; nothing is changed, and no stack trace of ours is shown. */
async function refused(): Promise<string> {
  const before = await catalogSnapshot(database);
  const { exitCode, output } = await project.pulumi("preview", "--stack", "prod");
  expect(exitCode).not.toBe(0);
  expect(await catalogSnapshot(database)).toEqual(before);
  expect(output).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
  return errorsIn(output);
}

const config = (...args: readonly string[]) => project.pulumi("config", ...args, "--stack", "prod");

describe("refused at preview, before anything changes", () => {
  beforeAll(async () => {
    await project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");
  });
  afterEach(() => {
    rmSync(join(project.folder, "migrations"), { recursive: true, force: true });
    project.write(Object.fromEntries(Object.entries(MIGRATIONS).map(([file, sql]) => [`migrations/${file}`, sql])));
    writeFileSync(join(project.folder, "Pulumi.prod.yaml"), PROD);
  });

  it("an unknown target, with near names", async () => {
    await config("set", "target", "add_cpg");
    expect(await refused()).toMatchInlineSnapshot(
      `"error: pulumi-nodejs:dynamic:SchemaMigration resource 'migrations' has a problem: Target "add_cpg" is not in the history, whose head is 0003_add_cep. Did you mean 0002_add_cpf or 0003_add_cep? A target is head, base, a revision's id, number, name or the beginning of one, or a step like -1."`,
    );
  });

  it("an ambiguous target, with the candidates", async () => {
    await config("set", "target", "add_c");
    expect(await refused()).toMatchInlineSnapshot(
      `"error: pulumi-nodejs:dynamic:SchemaMigration resource 'migrations' has a problem: Target "add_c" fits 0002_add_cpf and 0003_add_cep. Write more of the one you mean."`,
    );
  });

  it("a pin whose way down is missing", async () => {
    await config("set", "target", "0001");
    expect(await refused()).toMatchInlineSnapshot(
      `"error: Preview failed: before hook "migrations-preview" failed: Schema "prod" cannot go down from 0003_add_cep: it has no down script, neither in the folder nor in the ledger. Write one beside the up script, or choose a target at or above this revision."`,
    );
  });

  it("an applied file that was edited, with both checksums", async () => {
    project.write({ "migrations/0002_add_cpf.up.sql": "ALTER TABLE users ADD COLUMN cpf varchar(14);\n" });
    expect(await refused()).toMatchInlineSnapshot(
      `"error: Preview failed: before hook "migrations-preview" failed: 0002_add_cpf was edited after it was applied in schema "prod": its checksum was f8eaea15ce083bf0bab5de434320f889 and is now 767f0b9847df15ab7e8634e20dfa01bf. Restore the file and put the change into a new revision; or roll back to the revision before it, then go forward again with the new text; or leave it as it is where it is applied, and let the new text run elsewhere: pulumi config set --path 'acceptEdited[0]' 0002_add_cpf."`,
    );
  });

  it("a ledger revision that the folder lacks", async () => {
    rmSync(join(project.folder, "migrations/0003_add_cep.up.sql"));
    expect(await refused()).toMatchInlineSnapshot(
      `"error: Preview failed: before hook "migrations-preview" failed: Schema "prod" has 0003_add_cep, which the folder lacks (its head is 0002_add_cpf). Is this checkout older than the schema, or was a file renamed? Use the newer checkout or restore the file. To roll back, name the revision to go to: pulumi config set target REVISION."`,
    );
  });

  it("a new file below the applied head", async () => {
    project.write({ "migrations/0001-5_late.up.sql": "" });
    renameSync(
      join(project.folder, "migrations/0001-5_late.up.sql"),
      join(project.folder, "migrations/0000_late.up.sql"),
    );
    expect(await refused()).toMatchInlineSnapshot(
      `"error: Preview failed: before hook "migrations-preview" failed: Schema "prod" is at 0003_add_cep, and 0000_late would be added below it, after the fact. Give the file a number above the head, or allow it: pulumi config set allowOutOfOrder true."`,
    );
  });

  it("all problems of the folder together", async () => {
    project.write({
      "migrations/0003_other.up.sql": "SELECT 1",
      "migrations/late.up.sql": "SELECT 1",
      "migrations/0004_which_way.sql": "SELECT 1",
    });
    expect(await refused()).toMatchInlineSnapshot(`
      "error: pulumi-nodejs:dynamic:SchemaMigration resource 'migrations' has a problem: migrations/0004_which_way.sql: is it the way up or down? Name it ….up.sql or ….down.sql.
      migrations/late.up.sql: the name has no number to order it by. Name it like 0007_add_cpf.up.sql.
      Number 3 is used by migrations/0003_add_cep.up.sql and migrations/0003_other.up.sql. Which goes first? Give one of them the next free number."
    `);
  });

  it("a syntax error, with file, line and column", async () => {
    project.write({ "migrations/0004_typo.up.sql": "CREATE TABLE a (id int);\nCREATE TABEL b (id int);\n" });
    expect(await refused()).toMatchInlineSnapshot(`
      "error: Preview failed: before hook "migrations-preview" failed: migrations/0004_typo.up.sql:2:8: syntax error at or near "TABEL"
        CREATE TABEL b (id int);
               ^"
    `);
  });

  it("transaction control inside a script, and a mix of what may and may not run in a transaction", async () => {
    project.write({
      "migrations/0004_commit.up.sql": "CREATE TABLE a (id int);\nCOMMIT;\nCREATE TABLE b (id int);\n",
      "migrations/0005_mix.up.sql": "CREATE TABLE c (id int);\nCREATE INDEX CONCURRENTLY ON users (cep);\n",
    });
    expect(await refused()).toMatchInlineSnapshot(`
      "error: Preview failed: before hook "migrations-preview" failed: migrations/0004_commit.up.sql:2: "COMMIT" would end or begin a transaction inside the script's own. Remove it: each script runs in one transaction, together with its ledger row. One BEGIN … COMMIT around the whole script is fine.
      migrations/0005_mix.up.sql:2: "CREATE INDEX CONCURRENTLY ON users (cep)" cannot run in a transaction, but the script also holds statements that should. Move it to a revision of its own, or say that no statement of the script needs one: a line -- migrate:no-transaction."
    `);
  });

  it("a missing folder", async () => {
    await config("set", "migrations", "migratoins");
    expect(await refused()).toMatchInlineSnapshot(
      `"error: pulumi-nodejs:dynamic:SchemaMigration resource 'migrations' has a problem: The migrations folder "migratoins" does not exist. Create it, or name another: pulumi config set migrations FOLDER."`,
    );
  });

  it("all problems of the config together, as pulumi config set would mend them", async () => {
    await config("set", "tagret", "head");
    await config("set", "sslmode", "maybe");
    await config("set", "downFrom", "nowhere");
    await config("set", "--path", "pins.other", "base");
    expect(await refused()).toMatchInlineSnapshot(`
      "error: config "downFrom": got "nowhere", wants folder or ledger. Set it: pulumi config set downFrom VALUE.
      config "sslmode": got "maybe", wants disable, require, verify-ca, verify-full. Set it: pulumi config set sslmode VALUE.
      config "tagret": there is no such key. Did you mean target? Remove it: pulumi config rm tagret.
      config "pins.other": got a schema that is not in this stack, wants one of prod. Remove it: pulumi config rm --path 'pins.other'."
    `);
  });

  it("a password in plain text", async () => {
    await config("set", "--plaintext", "password", "hunter2");
    const text = await refused();
    expect(text).not.toContain("hunter2");
    expect(text).toMatchInlineSnapshot(
      `"error: config "password": got a value in plain text, wants an encrypted one. Set it again: pulumi config set --secret password. The old value is in the file's history: change it on the server."`,
    );
  });

  it("invalid schema names", async () => {
    await config("set", "--path", "schemas[1]", "pg_tenant");
    await config("set", "--path", "schemas[2]", "x".repeat(64));
    expect(await refused()).toMatchInlineSnapshot(`
      "error: Schema name "pg_tenant": names that begin with pg_ are PostgreSQL's own. Choose another.
      Schema name "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": is 64 bytes long; PostgreSQL keeps 63. Shorten it."
    `);
  });
});

const PROD = `${JSON.stringify({ config: { "schema-migrations:schemas": ["prod"] } })}\n`;
