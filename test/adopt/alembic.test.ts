import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readHistory } from "../../src/history/read-history.ts";
import { alembicProject, installAlembic } from "../support/alembic.ts";
import { useDatabase } from "../support/database.ts";
import { codeBlocks } from "../support/docs.ts";
import { migrate } from "../support/migrate.ts";
import { events, ledgerRows, objectsOf } from "../support/objects.ts";
import { errorsIn, makeProject } from "../support/project.ts";
import { catalogSnapshot } from "../support/snapshot.ts";

const alembic = await installAlembic();
const skipped = alembic.missing === undefined ? "" : ` (SKIPPED, Alembic is not to be had: ${alembic.missing})`;
if (skipped !== "") {
  // Besides saying so, a test that runs lets what the file has made be cleaned up.
  it(`needs Alembic${skipped}`, ({ skip }) => {
    console.warn(`test/adopt/alembic.test.ts${skipped}`);
    skip(skipped);
  });
}

const database = useDatabase();
const { query, connection } = database;
// Staging is where dev was last week.
const SCHEMAS = ["dev", "prod", "staging"];
const project = await makeProject({ connection, stacks: { all: SCHEMAS }, migrations: {} });
const old = alembicProject(alembic, connection, join(project.folder, "alembic-project"));
const migrations = join(project.folder, "migrations");
const [RECIPE = ""] = codeBlocks("coming-from-alembic.md", "python");

const CHAIN = ["0001_1f0c6a2b9d11_create_users", "0002_8285db59cac3_split_names", "0003_add_cpf_and_address"] as const;

const preview = () => project.pulumi("preview", "--stack", "all");
const up = () => project.pulumi("up", "--yes", "--skip-preview", "--stack", "all");
const config = (...args: readonly string[]) => project.pulumi("config", ...args, "--stack", "all");

/** What a schema holds, but for Alembic's table, told without the schema's own name. */
async function structureOf(schema: string): Promise<readonly string[]> {
  const objects = (await objectsOf(database, schema)).filter((object) => !object.includes("alembic_version"));
  return objects.map((object) => object.replace(` ${schema}.`, " "));
}

/** Alembic's tables, with who wrote each row and where it lies: any write shows, also one of the same text. */
function alembicRows() {
  const tables = SCHEMAS.map(
    (schema) => `SELECT '${schema}' AS schema, version_num, xmin::text, ctid::text FROM "${schema}".alembic_version`,
  );
  return query(tables.join(" UNION ALL "));
}

/** Every object, and every row of the users, of what Alembic made; our own tables left out. */
async function footprint(schemas: readonly string[]) {
  const users = schemas.map(
    (schema) => `SELECT '${schema}', u.xmin::text, u.ctid::text, u::text FROM "${schema}".users u`,
  );
  return {
    relations: await query(
      `SELECT oid, xmin::text, relname, relfilenode FROM pg_class
        WHERE relnamespace::regnamespace::text = ANY ($1) AND relname !~ 'migration_(ledger|event)' ORDER BY oid`,
      [schemas],
    ),
    columns: await query(
      `SELECT a.attrelid, a.attname, a.xmin::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace::regnamespace::text = ANY ($1) AND c.relname !~ 'migration_(ledger|event)' ORDER BY 1, 2`,
      [schemas],
    ),
    types: await query(
      "SELECT oid, xmin::text, typname FROM pg_type WHERE typnamespace::regnamespace::text = ANY ($1) AND typname !~ 'migration_(ledger|event)' ORDER BY oid",
      [schemas],
    ),
    users: await query(users.join(" UNION ALL ")),
  };
}

describe.skipIf(alembic.missing !== undefined)(`a team that comes from Alembic${skipped}`, () => {
  beforeAll(async () => {
    for (const schema of SCHEMAS) {
      await query(`CREATE SCHEMA ${schema}`);
      const to = schema === "staging" ? "8285db59cac3" : "head";
      const { exitCode } = await old.alembic(schema, "upgrade", to);
      expect(exitCode).toBe(0);
      await query(`INSERT INTO ${schema}.users (full_name, email) VALUES ('Ana Souza', 'ana@example.com')`);
    }
  });

  it("turns the chain into files with the recipe of the page, without a server", async () => {
    const { exitCode, output } = await old.runOffline(RECIPE, migrations);
    expect(output).toBe("");
    expect(exitCode).toBe(0);
    expect(readdirSync(migrations)).toEqual(CHAIN.flatMap((id) => [`${id}.down.sql`, `${id}.up.sql`]));
    const all = readdirSync(migrations).map((file) => `-- ${file}\n${readFileSync(join(migrations, file), "utf8")}`);
    expect(all.join("\n")).toMatchInlineSnapshot(`
      "-- 0001_1f0c6a2b9d11_create_users.down.sql
      DROP TABLE users;

      DROP TYPE user_role;

      -- 0001_1f0c6a2b9d11_create_users.up.sql
      CREATE TYPE user_role AS ENUM ('client', 'professional');

      CREATE TABLE users (
          id SERIAL NOT NULL, 
          full_name VARCHAR(120) NOT NULL, 
          email VARCHAR(254) NOT NULL, 
          role user_role DEFAULT 'client' NOT NULL, 
          PRIMARY KEY (id), 
          CONSTRAINT email_has_an_at CHECK (email LIKE '%@%'), 
          UNIQUE (email)
      );

      -- 0002_8285db59cac3_split_names.down.sql
      ALTER TABLE users DROP COLUMN first_name;

      -- 0002_8285db59cac3_split_names.up.sql
      ALTER TABLE users ADD COLUMN first_name VARCHAR(60);

      UPDATE users SET first_name=split_part(users.full_name, ' ', 1);

      COMMENT ON COLUMN users.first_name IS 'Said in greetings; it''s short';

      -- 0003_add_cpf_and_address.down.sql
      DROP INDEX ix_users_city;

      DROP INDEX ix_users_cpf;

      ALTER TABLE users DROP COLUMN city;

      ALTER TABLE users DROP COLUMN cpf;

      -- 0003_add_cpf_and_address.up.sql
      ALTER TABLE users ADD COLUMN cpf VARCHAR(14);

      ALTER TABLE users ADD COLUMN city VARCHAR(80);

      CREATE UNIQUE INDEX ix_users_cpf ON users (cpf);

      CREATE INDEX ix_users_city ON users (lower(city)) WHERE city <> '';
      "
    `);
  });

  it("which make in an empty schema what Alembic made, step by step, and take it back", async () => {
    await query("CREATE SCHEMA trial");
    const history = readHistory(migrations);
    await migrate(connection, "trial", history, { target: "8285db59cac3" });
    expect(await structureOf("trial")).toEqual(await structureOf("staging"));
    await migrate(connection, "trial", history);
    expect(await structureOf("trial")).toEqual(await structureOf("prod"));
    expect(await structureOf("trial")).toContain("column users.cpf character varying(14)");
    await migrate(connection, "trial", history, { target: "base" });
    expect(await structureOf("trial")).toEqual([]);
  });

  it("is refused by the preview at first, and told how to be taken over", async () => {
    const before = await catalogSnapshot(database);
    const { exitCode, output } = await preview();
    expect(exitCode).not.toBe(0);
    expect(errorsIn(output)).toMatchInlineSnapshot(`
      "error: Preview failed: before hook "migrations-preview" failed: Schema "dev" was migrated by Alembic, which left it at add_cpf_and_address: our 0003_add_cpf_and_address. To take it over from there: pulumi config set adopt alembic. Its table alembic_version stays as it is.
      The same in prod.
      Schema "staging" was migrated by Alembic, which left it at 8285db59cac3: our 0002_8285db59cac3_split_names. To take it over from there: pulumi config set adopt alembic. Its table alembic_version stays as it is."
    `);
    expect(await catalogSnapshot(database)).toEqual(before);
  });

  it("previews the take-over: what is recorded and what would run, and changes nothing", async () => {
    await config("set", "adopt", "alembic");
    const before = await catalogSnapshot(database);
    const { exitCode, output } = await preview();
    expect(exitCode).toBe(0);
    expect(output).toContain(`dev, prod: base → ${CHAIN[2]}, 3 steps`);
    expect(output).toContain(`staging: base → ${CHAIN[2]}, 3 steps`);
    const told = output.split("\n").filter((line) => /^ +[=↑↓] /.test(line));
    expect(told.map((line) => line.trim())).toEqual([
      ...CHAIN.map((id) => `= ${id}, recorded without running it (baseline)`),
      ...CHAIN.slice(0, 2).map((id) => `= ${id}, recorded without running it (baseline)`),
      `↑ ${CHAIN[2]}`,
    ]);
    expect(await catalogSnapshot(database)).toEqual(before);
  });

  it("takes over: records what is there and touches none of it, and runs what one schema lacks", async () => {
    const [before, rows] = [await footprint(["dev", "prod"]), await alembicRows()];
    const { exitCode } = await up();
    expect(exitCode).toBe(0);
    expect(await footprint(["dev", "prod"])).toEqual(before);
    expect(await alembicRows()).toEqual(rows);
    expect(await ledgerRows(database, "prod")).toEqual(CHAIN.map((id, index) => `${index + 1} ${id} applied`));
    expect(await events(database, "prod")).toEqual(CHAIN.map((id) => `${id} up recorded`));
    expect(await events(database, "dev")).toEqual(await events(database, "prod"));

    expect(await events(database, "staging")).toEqual([
      `${CHAIN[0]} up recorded`,
      `${CHAIN[1]} up recorded`,
      `${CHAIN[2]} up done`,
    ]);
    expect(await structureOf("staging")).toEqual(await structureOf("prod"));
  });

  it("goes on with a new revision of ours, and takes nothing over again, though adopt is still set", async () => {
    project.write({
      "migrations/0004_add_phone.up.sql": "ALTER TABLE users ADD COLUMN phone text;\n",
      "migrations/0004_add_phone.down.sql": "ALTER TABLE users DROP COLUMN phone;\n",
    });
    const { exitCode } = await up();
    expect(exitCode).toBe(0);
    for (const schema of SCHEMAS) expect(await structureOf(schema)).toContain("column users.phone text");
    expect((await events(database, "prod")).slice(CHAIN.length)).toEqual(["0004_add_phone up done"]);
  });

  it("rolls prod back to the old id with the down scripts of the chain, and only prod", async () => {
    const rows = await alembicRows();
    await config("set", "--path", "pins.prod", "8285db59cac3");
    const { exitCode, output } = await project.pulumi("up", "--yes", "--stack", "all");
    expect(exitCode).toBe(0);
    expect(output).toContain(`DOWNGRADE prod: 0004_add_phone → ${CHAIN[1]}, 2 steps; 2 revisions held back`);
    expect(output).toContain("- drop column users.cpf");

    await migrate(connection, "trial", readHistory(migrations), { target: "8285db59cac3" });
    expect(await structureOf("prod")).toEqual(await structureOf("trial"));
    expect(await query("SELECT full_name FROM prod.users")).toEqual([{ full_name: "Ana Souza" }]);
    expect(await structureOf("dev")).toContain("column users.cpf character varying(14)");
    expect(await alembicRows()).toEqual(rows);
  });
});

describe.skipIf(alembic.missing !== undefined)(`the recipe${skipped}`, () => {
  /** The chain with one more migration, through the recipe. */
  async function converted(name: string, text: string) {
    const other = alembicProject(alembic, connection, join(project.folder, `chain-${name}`));
    writeFileSync(join(other.folder, `versions/${name}.py`), `from alembic import op\n${text}`);
    const into = join(other.folder, "out");
    mkdirSync(into);
    const { exitCode, output } = await other.runOffline(RECIPE, into);
    const files = readdirSync(into).filter((file) => file.startsWith("0004"));
    return { exitCode, output, files: files.map((file) => [file, readFileSync(join(into, file), "utf8")]) };
  }

  it("makes a script that runs outside a transaction of an autocommit block", async () => {
    const { files } = await converted(
      "aaa",
      `revision, down_revision = "aaa", "add_cpf_and_address"
def upgrade():
    with op.get_context().autocommit_block():
        op.create_index("by_role", "users", ["role"], postgresql_concurrently=True)
def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("by_role", "users", postgresql_concurrently=True)
`,
    );
    expect(files).toEqual([
      ["0004_aaa.down.sql", "DROP INDEX CONCURRENTLY by_role;\n"],
      ["0004_aaa.up.sql", "CREATE INDEX CONCURRENTLY by_role ON users (role);\n"],
    ]);
  });

  it("leaves a COMMIT between other statements where the preview will refuse it", async () => {
    const { files } = await converted(
      "bbb",
      `revision, down_revision = "bbb", "add_cpf_and_address"
def upgrade():
    op.execute("SELECT 1")
    with op.get_context().autocommit_block():
        op.execute("VACUUM users")
    op.execute("SELECT 2")
def downgrade():
    op.execute("SELECT 3")
`,
    );
    expect(files[1]?.[1]).toBe("BEGIN;\n\nSELECT 1;\n\nCOMMIT;\n\nVACUUM users;\n\nBEGIN;\n\nSELECT 2;\n\nCOMMIT;\n");
  });

  it("writes no down script where the downgrade is empty, so that a rollback is refused", async () => {
    const { files } = await converted(
      "ccc",
      `revision, down_revision = "ccc", "add_cpf_and_address"
def upgrade():
    op.execute("SELECT 1")
def downgrade():
    pass
`,
    );
    expect(files).toEqual([["0004_ccc.up.sql", "SELECT 1;\n"]]);
  });

  it("stops at a migration that asks the database, and says which", async () => {
    const { exitCode, output, files } = await converted(
      "ddd",
      `revision, down_revision = "ddd", "add_cpf_and_address"
def upgrade():
    op.get_bind().exec_driver_sql("SELECT 1").scalar()
def downgrade():
    pass
`,
    );
    expect(exitCode).toBe(1);
    expect(output).toMatchInlineSnapshot(
      `"ddd: gives no SQL without a database ('MockConnection' object has no attribute 'exec_driver_sql'). Write 0004_ddd.up.sql by hand."`,
    );
    expect(files).toEqual([]);
  });

  it("names a migration whose bound values have become NULL", async () => {
    const { exitCode, output, files } = await converted(
      "fff",
      `from sqlalchemy import text
revision, down_revision = "fff", "add_cpf_and_address"
def upgrade():
    op.get_bind().execute(text("DELETE FROM users WHERE id = :id"), {"id": 3})
def downgrade():
    pass
`,
    );
    expect(exitCode).toBe(0);
    expect(output).toMatchInlineSnapshot(
      `"fff calls get_bind(): read 0004_fff.up.sql, each bound value in it has become NULL"`,
    );
    expect(files).toEqual([["0004_fff.up.sql", "DELETE FROM users WHERE id = NULL;\n"]]);
  });

  it("stops where the chain branches", async () => {
    const { exitCode, output, files } = await converted("eee", `revision, down_revision = "eee", "8285db59cac3"\n`);
    expect(exitCode).toBe(1);
    expect(output).toMatchInlineSnapshot(
      `"8285db59cac3: the chain branches or merges here. Put it in one line first."`,
    );
    expect(files).toEqual([]);
  });
});
