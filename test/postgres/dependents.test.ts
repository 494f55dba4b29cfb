import { beforeAll, describe, expect, it } from "vitest";
import { sharedDrops } from "../../src/plan/shared-drops.ts";
import { dependentsOf } from "../../src/postgres/dependents.ts";
import { problemText } from "../../src/problem-text.ts";
import { ledgerOf, plan } from "../plan/build.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { withSession } from "../support/migrate.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const role = useRole(database);

/** What is told of a script that would run for schema `play1`. */
const told = async (sql: string): Promise<string> => {
  const plans = [plan({ ledger: ledgerOf([], "play1"), history: historyOf({ "0001_x": sql }) })];
  const problems = await withSession(database.connection, (client) => dependentsOf(client, sharedDrops(plans)));
  return problems.map(problemText).join("\n");
};

describe("what a script drops for every schema", () => {
  beforeAll(() =>
    database.query(`
      CREATE SCHEMA extensions; CREATE EXTENSION hstore SCHEMA extensions; CREATE SCHEMA play1; CREATE SCHEMA play2; CREATE SCHEMA shop;
      CREATE TABLE play1.things (id int PRIMARY KEY, attrs extensions.hstore DEFAULT '', many extensions.hstore[]);
      CREATE INDEX ON play1.things USING gin (attrs);
      CREATE TABLE play2.things (id int PRIMARY KEY, attrs extensions.hstore);
      CREATE VIEW play2.seen AS SELECT id, attrs OPERATOR(extensions.->) 'a' AS a FROM play2.things;
      CREATE TYPE shop.mood AS ENUM ('good');
      CREATE TABLE shop.orders (id serial PRIMARY KEY, mood shop.mood);
      CREATE TABLE play2.moods (mood shop.mood);
      CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER far FOREIGN DATA WRAPPER nothing;
      CREATE FOREIGN TABLE play2.far (id int) SERVER far;
      CREATE TABLE play2.theirs (id serial); ALTER TABLE play2.theirs OWNER TO ${role.user};
    `),
  );

  it("is told with what depends on it, wherever that is", async () => {
    expect(await told("SELECT 1;\nDROP EXTENSION IF EXISTS hstore CASCADE")).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:2: "DROP EXTENSION IF EXISTS hstore CASCADE" drops extension "hstore" for every schema of the database, and what depends on it: column play1.things.attrs, column play1.things.many, column play2.things.attrs, view play2.seen. Where that is not meant, remove it."`,
    );
  });

  it("is told of servers and their kin", async () => {
    expect(await told("DROP FOREIGN DATA WRAPPER IF EXISTS nothing CASCADE")).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:1: "DROP FOREIGN DATA WRAPPER IF EXISTS nothing CASCADE" drops foreign data wrapper "nothing" for every schema of the database, and what depends on it: foreign table play2.far, server far. Where that is not meant, remove it."`,
    );
  });

  it("is told of a schema that is not migrated here, with what is in it", async () => {
    expect(await told("drop schema if exists shop cascade")).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:1: "drop schema if exists shop cascade" drops schema "shop", whatever schema it runs for, with what is in it or depends on it: type shop.mood, table shop.orders, column play2.moods.mood. Where that is not meant, remove it."`,
    );
    expect(await told("ALTER SCHEMA shop RENAME TO store")).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:1: "ALTER SCHEMA shop RENAME TO store" renames schema "shop", whatever schema it runs for. Where that is not meant, remove it."`,
    );
  });

  it("is told of all that is a role's", async () => {
    expect((await told(`DROP OWNED BY ${role.user}`)).replaceAll(role.user, "joe")).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:1: "DROP OWNED BY joe" drops all that belongs to joe, in every schema: table play2.theirs. Where that is not meant, remove it."`,
    );
  });

  it("is told where nothing depends on it", async () => {
    expect(await told("DROP EXTENSION IF EXISTS citext CASCADE")).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:1: "DROP EXTENSION IF EXISTS citext CASCADE" drops extension "citext" for every schema of the database. Where that is not meant, remove it."`,
    );
  });

  it("is not told where PostgreSQL refuses to drop what something depends on", async () => {
    expect(await told("DROP EXTENSION IF EXISTS hstore; DROP TABLE things CASCADE")).toBe("");
  });
});
