import { describe, expect, inject, it } from "vitest";
import type { History } from "../../src/history/revision.ts";
import { errorText } from "../../src/problem-text.ts";
import { makeSnapshot } from "../../src/snapshot/make-snapshot.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf, type Scripts } from "../support/history.ts";
import { SETTINGS } from "../support/migrate.ts";
import { richHistory } from "../support/rich-history.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { connection, query } = database;
const role = useRole(database);

const make = (history: History) => makeSnapshot(connection, history, SETTINGS);

/** Why no snapshot is made. */
async function refusal(scripts: Readonly<Record<string, Scripts>>): Promise<string> {
  try {
    await make(historyOf(scripts));
  } catch (error) {
    return errorText(error);
  }
  throw new Error("it was not refused");
}

describe("a snapshot is made", () => {
  it("of a history with everything that a schema's structure is made of, and is proven equal to it", async () => {
    const { snapshot, sql } = await make(richHistory(role.user, inject("major")));
    expect(snapshot).toEqual({
      revision: "0015_rename",
      server: inject("major"),
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(sql).toContain("PARTITION BY RANGE (at)");
    expect(sql).not.toContain("snapshot_");
  });

  it("the same each time, so that a commit shows what changed", async () => {
    const history = historyOf({ "0001_a": "CREATE TABLE a (id serial PRIMARY KEY)" });
    expect(await make(history)).toEqual(await make(history));
  });

  it("with the extensions that the database has", async () => {
    await query("CREATE SCHEMA extras; CREATE EXTENSION citext SCHEMA extras");
    const history = historyOf({ "0001_a": "CREATE TABLE a (mail citext UNIQUE)" });
    const { sql } = await makeSnapshot(connection, history, { ...SETTINGS, searchPath: ["extras"] });
    expect(sql).toContain("mail extras.citext");
  });

  it("and leaves nothing behind, also where it is refused", async () => {
    await make(historyOf({ "0001_a": "CREATE TABLE a ()" }));
    await refusal({ "0001_a": "CREATE TABLE a (id int); INSERT INTO a VALUES (1)" });
    await refusal({ "0001_a": "SELECT 1 / 0" });
    expect(await query("SELECT datname FROM pg_database WHERE datname LIKE 'snapshot%'")).toEqual([]);
    expect(await query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'snapshot%'")).toEqual([]);
  });
});

describe("no snapshot is made", () => {
  it("of an empty history", async () => {
    expect(await refusal({})).toMatchInlineSnapshot(`"No snapshot: the history is empty."`);
  });

  it("of scripts that leave rows, move sequences, or fill a view", async () => {
    const table = "CREATE TABLE a (id int);";
    expect(await refusal({ "0001_a": table, "0002_rows": "INSERT INTO a VALUES (1)" })).toMatchInlineSnapshot(`
      "No snapshot: the scripts leave data, which a structure does not hold. Where that is meant, new schemas have to replay the history.
        rows of table a"
    `);
    expect(
      await refusal({ "0001_a": "CREATE SEQUENCE s START 5; CREATE SEQUENCE still; SELECT nextval('s')" }),
    ).toMatchInlineSnapshot(`
      "No snapshot: the scripts leave data, which a structure does not hold. Where that is meant, new schemas have to replay the history.
        sequence s"
    `);
    expect(await refusal({ "0001_a": "CREATE SEQUENCE s; ALTER SEQUENCE s RESTART WITH 1000" })).toContain(
      "sequence s",
    );
    expect(await refusal({ "0001_a": "CREATE MATERIALIZED VIEW m AS SELECT 1 AS one" })).toContain(
      "materialized view m",
    );
  });

  it("of rows that a policy hides from their owner", async () => {
    const sql =
      "CREATE TABLE a (id int); INSERT INTO a VALUES (1); ALTER TABLE a ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY";
    expect(await refusal({ "0001_a": sql })).toContain("rows of table a");
  });

  it("of scripts that change what is outside of their schema", async () => {
    expect(
      await refusal({
        "0001_a": `CREATE EXTENSION hstore; CREATE TABLE public.shared (id int); GRANT ${role.user} TO CURRENT_USER`,
      }).then((text) => text.replaceAll(role.user, "ROLE")),
    ).toMatchInlineSnapshot(`
      "No snapshot: the scripts change what is outside of their schema. Where it is there already, in the database of a stack, make the snapshot on that one's server: npm run snapshot -- --stack STACK.
        table public.shared
        cast from text[] to hstore
        cast from hstore to json
        cast from hstore to jsonb
        extension hstore
        membership of postgres in ROLE"
    `);
  });

  it("of kinds that are not compared", async () => {
    const sql = "CREATE COLLATION c (locale = 'C'); CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int)";
    expect(await refusal({ "0001_a": sql })).toMatchInlineSnapshot(`
      "No snapshot: these are of kinds that are not compared.
        collation c
        function total(integer)"
    `);
  });

  it("of scripts that write the schema's name into what they make", async () => {
    const sql = "DO $$ BEGIN EXECUTE format('CREATE TABLE a (origin text DEFAULT %L)', current_schema()); END $$";
    expect(await refusal({ "0001_a": sql })).toMatchInlineSnapshot(`
      "No snapshot: these statements name the schema itself, and would do so in all others.
        CREATE TABLE a (
            origin text DEFAULT 'SCHEMA'::text
        )"
    `);
  });

  it("of what pg_dump does not say", async () => {
    const sql = "CREATE TABLE a (id int REFERENCES a2) ; ALTER TABLE a DISABLE TRIGGER ALL";
    expect(await refusal({ "0001_a2": "CREATE TABLE a2 (id int PRIMARY KEY)", "0002_a": sql })).toMatchInlineSnapshot(`
      "No snapshot: what pg_dump writes makes another structure (+) than the scripts do (-).
        - foreign key trigger (a,D,17,1)
        - foreign key trigger (a,D,5,1)"
    `);
  });
});
