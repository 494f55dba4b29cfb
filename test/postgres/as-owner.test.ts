import pg from "pg";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { handOverAll } from "../../src/fleet/hand-over-all.ts";
import { withDatabase } from "../../src/postgres/database.ts";
import { findHandOvers } from "../../src/postgres/hand-over.ts";
import { examineRoles } from "../../src/postgres/role-rights.ts";
import { findShutOut } from "../../src/postgres/shut-out.ts";
import { problemText } from "../../src/problem-text.ts";
import { rolesOf } from "../../src/role-name.ts";
import { clientConfig, useDatabase } from "../support/database.ts";
import { historyOf, type Scripts } from "../support/history.ts";
import { migrate, NEVER, problemsOf, SETTINGS, withSession } from "../support/migrate.ts";
import { events, ledgerRows } from "../support/objects.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { connection, query } = database;
const owner = useRole(database).user;
const app = useRole(database).user;
const other = useRole(database);

const SCHEMA = 'a"; drop schema prod; --';
const S = pg.escapeIdentifier(SCHEMA);

beforeAll(() => query("REVOKE CREATE ON SCHEMA public FROM PUBLIC"));
beforeEach(() =>
  query(`DROP SCHEMA IF EXISTS ${S} CASCADE; CREATE SCHEMA ${S} AUTHORIZATION ${owner};
         GRANT USAGE ON SCHEMA ${S} TO ${app};
         ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA ${S} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${app}`),
);

/** As an up does it: what is there goes to the roles first. */
const up = async (revisions: Readonly<Record<string, Scripts>>, settings: Parameters<typeof migrate>[3] = {}) => {
  const schemas = await handOvers();
  await withDatabase(connection, 1, (database) =>
    handOverAll(database, schemas, { ...SETTINGS, waitTimeoutMs: 10_000 }, NEVER),
  );
  await migrate(connection, SCHEMA, historyOf(revisions), { owner, ...settings });
};

const handOvers = () =>
  withSession(connection, async (client) => {
    const roles = rolesOf([SCHEMA], { owner, app });
    return findHandOvers(client, roles, await findShutOut(client, roles));
  });

async function ownersOf(...names: readonly string[]): Promise<readonly (string | undefined)[]> {
  const rows = await query<{ name: string; owner: string }>(
    "SELECT relname AS name, pg_get_userbyid(relowner) AS owner FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)",
    [SCHEMA],
  );
  return names.map((name) => rows.find((row) => row.name === name)?.owner);
}

/** What is said against the roles of the schema. */
async function rawObjections(searchPath: readonly string[] = []): Promise<string> {
  const { problems } = await withSession(connection, (client) =>
    examineRoles(client, rolesOf([SCHEMA], { owner, app }), searchPath),
  );
  return problems.map(problemText).join("\n");
}

/** The same, with names that do not differ between runs. */
async function objections(searchPath: readonly string[] = []): Promise<string> {
  const names = { [owner]: "OWNER", [app]: "APP", [other.user]: "OTHER", [SCHEMA]: "SCHEMA", [S]: "SCHEMA" };
  const text = await rawObjections(searchPath);
  return Object.entries(names).reduce((known, [name, word]) => known.replaceAll(name, word), text);
}

describe("a step runs as the schema's owner, and its ledger row is written as who signs in", () => {
  it("in a transaction, up and down", async () => {
    const history = { "0001_t": { up: "CREATE TABLE t AS SELECT current_user AS me", down: "DROP TABLE t" } };
    await up(history);
    expect(await query(`SELECT me FROM ${S}.t`)).toEqual([{ me: owner }]);
    expect(await ownersOf("t", "migration_ledger")).toEqual([owner, connection.user]);
    await up(history, { target: "base" });
    expect(await events(database, SCHEMA)).toEqual(["0001_t up done", "0001_t down done"]);
    expect(await query(`SELECT DISTINCT db_user FROM ${S}.migration_ledger`)).toEqual([{ db_user: connection.user }]);
  });

  it("in what a script puts off to its end: deferred triggers", async () => {
    const makes = (table: string) => `CREATE TABLE ${table} (me text DEFAULT current_user)`;
    const noting = "BEGIN INSERT INTO noted DEFAULT VALUES; RETURN NULL; END";
    await up({
      "0001_noted": `${makes("noted")}; CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ ${noting} $$`,
      "0002_t": `CREATE TABLE t (id int);
        CREATE CONSTRAINT TRIGGER later AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note()`,
      "0003_row": "INSERT INTO t VALUES (1)",
    });
    expect(await query(`SELECT me FROM ${S}.noted`)).toEqual([{ me: owner }]);
  });

  it("outside one", async () => {
    await up({
      "0001_t": "CREATE TABLE t (id int)",
      "0002_i": "CREATE INDEX CONCURRENTLY i ON t (id)",
      "0003_v": "-- migrate:no-transaction\nCREATE VIEW v AS SELECT 1 AS one;\nCREATE VIEW w AS SELECT 2 AS two;",
    });
    expect(await ownersOf("i", "v", "w")).toEqual([owner, owner, owner]);
    expect(await ledgerRows(database, SCHEMA)).toHaveLength(3);
  });

  it("in a schema that the first step makes: it is the owner's as well", async () => {
    await query(`DROP SCHEMA ${S} CASCADE`);
    await migrate(connection, SCHEMA, historyOf({ "0001_t": "CREATE TABLE t (id int)" }), { owner });
    expect(
      await query("SELECT pg_get_userbyid(nspowner) AS owner FROM pg_namespace WHERE nspname = $1", [SCHEMA]),
    ).toEqual([{ owner }]);
    expect(await ownersOf("t", "migration_ledger")).toEqual([owner, connection.user]);
  });

  it("in TypeScript", async () => {
    const [revision] = historyOf({ "0001_t": "-- code" });
    if (!revision) throw new Error("no revision");
    const code = async (client: { query: (sql: string) => Promise<unknown> }) =>
      void (await client.query("CREATE TABLE t (id int)"));
    await migrate(connection, SCHEMA, [{ ...revision, up: { file: "0001_t.ts", sql: "", code } }], { owner });
    expect(await ownersOf("t")).toEqual([owner]);
    const leaving = async (client: { query: (sql: string) => Promise<unknown> }) =>
      void (await client.query("RESET ROLE"));
    const [second] = historyOf({ "0002_x": "-- code" });
    if (!second) throw new Error("no revision");
    const history = [
      { ...revision, up: { file: "0001_t.ts", sql: "", code } },
      { ...second, up: { file: "0002_x.ts", sql: "", code: leaving } },
    ];
    const [problem] = await problemsOf(migrate(connection, SCHEMA, history, { owner }));
    expect(problem && problemText(problem)).toMatchInlineSnapshot(`
      "Schema "a"; drop schema prod; --", 0002_x.ts: 0002_x.ts runs as the schema's owner and must not change its role
        RESET ROLE
      Nothing of 0002_x remains; the schema is at 0001_t. Mend the script and run again."
    `);
  });

  it("and cannot write the ledger itself", async () => {
    await up({ "0001_t": "CREATE TABLE t (id int)" });
    const insert = "INSERT INTO migration_ledger (entry, revision, direction, outcome) VALUES (9, 'x', 'up', 'done')";
    // As a statement of the script it is refused before.
    const sql = `DO $$ BEGIN ${insert}; END $$`;
    const [problem] = await problemsOf(up({ "0001_t": "CREATE TABLE t (id int)", "0002_x": sql }));
    expect(problem).toMatchObject({ code: "step-failed", error: { sqlstate: "42501" } });
    expect(await ledgerRows(database, SCHEMA)).toEqual(["1 0001_t applied"]);
  });

  it("leaves neither its role nor its path to the next step and the ledger", async () => {
    await up({
      "0001_t":
        "CREATE TABLE t (id int); SET search_path TO pg_catalog; SELECT set_config('r' || 'ole', 'none', false)",
      "0002_u": "CREATE TABLE u (id int)",
    });
    expect(await ownersOf("t", "u")).toEqual([owner, owner]);
    expect(await ledgerRows(database, SCHEMA)).toEqual(["1 0001_t applied", "2 0002_u applied"]);
  });
});

describe("a schema that was there before its roles", () => {
  const before = `CREATE TYPE ${S}.mood AS ENUM ('fine'); CREATE TABLE ${S}.users (id serial PRIMARY KEY, mood ${S}.mood);
                  CREATE VIEW ${S}.all_users AS SELECT * FROM ${S}.users; CREATE SEQUENCE ${S}.numbers;
                  CREATE FUNCTION ${S}.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION ${S}.f FROM PUBLIC`;
  const may = async () =>
    (
      await query<{ right: string }>(
        `SELECT relname || ' ' || privilege_type AS right FROM pg_class, aclexplode(relacl)
          WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND grantee = '${app}'::regrole ORDER BY 1`,
        [SCHEMA],
      )
    ).map(({ right }) => right);

  it("is handed over: what who signs in owns goes to the owner, and the application gets its rights", async () => {
    await query(before);
    const found = await handOvers();
    expect(found).toEqual([{ schema: SCHEMA, owner, app, given: 5, opened: 3, rights: [] }]);
    await up({ "0001_x": "ALTER TABLE users ADD COLUMN x int" });
    expect(await ownersOf("users", "users_id_seq", "all_users", "numbers")).toEqual([owner, owner, owner, owner]);
    expect(await query("SELECT typowner::regrole::text AS owner FROM pg_type WHERE typname = 'mood'")).toEqual([
      { owner },
    ]);
    expect(await may()).toMatchInlineSnapshot(`
      [
        "all_users DELETE",
        "all_users INSERT",
        "all_users SELECT",
        "all_users UPDATE",
        "numbers SELECT",
        "numbers UPDATE",
        "numbers USAGE",
        "users DELETE",
        "users INSERT",
        "users SELECT",
        "users UPDATE",
      ]
    `);
    expect(await query(`SELECT has_function_privilege('${app}', $1, 'EXECUTE') AS may`, [`${S}.f(int)`])).toEqual([
      { may: true },
    ]);
    expect(await query(`SELECT has_table_privilege('${app}', $1, 'SELECT') AS may`, [`${S}.migration_ledger`])).toEqual(
      [{ may: false }],
    );
  });

  it("is handed over once: what a migration takes from the application stays taken", async () => {
    await query(before);
    const history = { "0001_x": `REVOKE ALL ON users FROM ${app}` };
    await up(history);
    await up({ ...history, "0002_y": "SELECT 1" });
    expect((await may()).filter((right) => right.startsWith("users "))).toEqual([]);
    expect(await handOvers()).toEqual([]);
  });

  it("is refused where others own something in it, with what to do", async () => {
    await query(`CREATE TABLE ${S}.theirs (id serial); ALTER TABLE ${S}.theirs OWNER TO ${other.user};
                 CREATE FUNCTION ${S}.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION ${S}.f OWNER TO ${other.user}`);
    const text = await objections();
    expect(text).toMatchInlineSnapshot(`
      "Schema "SCHEMA": 2 objects in it belong to another role than "OWNER", which could not change them. What is yours, the next up gives to it:
        ALTER FUNCTION SCHEMA.f(integer) OWNER TO "postgres";
        ALTER TABLE SCHEMA.theirs OWNER TO "postgres";
      Whoever owns them now loses what only an owner may: grant it first what it needs."
    `);
    // The way out, as it stands there.
    for (const [command] of (await rawObjections()).matchAll(/^ {2}ALTER .*;$/gm)) await query(command);
    expect(await objections()).toBe("");
  });
});

describe("rights that reach across are refused, with what takes them back", () => {
  beforeEach(async () => {
    await query(`DROP SCHEMA IF EXISTS elsewhere CASCADE; CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.t (id int)`);
    await up({ "0001_t": "CREATE TABLE t (id int)" });
  });

  it("nothing is said where there are none", async () => {
    expect(await objections()).toBe("");
  });

  it.each([
    [
      "GRANT USAGE ON SCHEMA S TO PUBLIC",
      'Every role has USAGE on schema "SCHEMA", the owners and applications of other schemas among them.',
    ],
    ["GRANT USAGE ON SCHEMA elsewhere TO APP", 'Role "APP" has USAGE on schema "elsewhere", which is not its own.'],
    [
      "GRANT ALL ON SCHEMA elsewhere TO OWNER",
      'Role "OWNER" has CREATE, USAGE on schema "elsewhere", which is not its own.',
    ],
    [
      "GRANT CREATE ON SCHEMA public TO PUBLIC",
      'Every role has CREATE on schema "public", the owners and applications of other schemas among them.',
    ],
    [
      "CREATE TABLE public.open (id int); GRANT SELECT ON public.open TO PUBLIC",
      "Every role has SELECT on public.open, the owners and applications of other schemas among them.",
    ],
    [
      "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA S TO APP",
      'Role "APP" has INSERT on SCHEMA.migration_ledger, which only migrations write.',
    ],
    [
      "GRANT DELETE ON S.migration_ledger TO PUBLIC",
      "Every role has DELETE on SCHEMA.migration_ledger, which only migrations write.",
    ],
    [
      "GRANT USAGE ON SCHEMA elsewhere TO OTHER; GRANT OTHER TO APP",
      'Role "APP" has the rights of "OTHER", which reach into schema "elsewhere".',
    ],
    ["GRANT OWNER TO APP", 'Role "APP" has the rights of "OWNER", which reach into schema "SCHEMA".'],
    [
      "GRANT pg_read_all_data TO APP",
      'Role "APP" has the rights of "pg_read_all_data", which reach into schema "elsewhere".',
    ],
    [
      "ALTER TABLE S.migration_ledger OWNER TO OWNER",
      'Role "OWNER" owns migration_ledger of schema "SCHEMA", which only migrations write.',
    ],
  ])("%s", async (sql, said) => {
    const roles: Readonly<Record<string, string>> = { S, APP: app, OTHER: other.user };
    await query(
      sql
        .replaceAll(/\b(?:S|APP|OTHER)\b/g, (word) => roles[word] ?? word)
        .replaceAll(/(GRANT|TO) OWNER\b/g, `$1 ${owner}`),
    );
    expect(await objections()).toContain(said);
    // The way out, as it stands there.
    for (const [, command] of (await rawObjections()).matchAll(/Take (?:it|them) back: (.*)\.$/gm))
      await query(String(command));
    expect(await objections()).toBe("");
    await query("DROP TABLE IF EXISTS public.open");
  });

  it.each([
    ["itself", "ALTER SCHEMA elsewhere OWNER TO OWNER"],
    ["all that is in it", "GRANT ALL ON SCHEMA elsewhere TO OWNER; ALTER TABLE elsewhere.t OWNER TO OWNER"],
  ])(
    "a schema that was let go of is its owner's, where that has %s; for another tenant it still is not",
    async (_, sql) => {
      await query(sql.replaceAll("OWNER TO OWNER", `OWNER TO ${owner}`).replaceAll("TO OWNER", `TO ${owner}`));
      expect(await objections()).toBe("");
      const roles = [...rolesOf([SCHEMA], { owner, app }), { schema: "elsewhere", owner: other.user }];
      const { problems } = await withSession(connection, (client) => examineRoles(client, roles, []));
      expect(problems).toContainEqual(expect.objectContaining({ code: "reaches", role: owner, schema: "elsewhere" }));
    },
  );

  it("a schema of the search path is for all, if they may use it", async () => {
    expect((await objections(["elsewhere"])).split("\n").toSorted()).toEqual([
      'Role "APP" lacks USAGE on schema "elsewhere" of the search path. Grant it: GRANT USAGE ON SCHEMA "elsewhere" TO "APP".',
      'Role "OWNER" lacks USAGE on schema "elsewhere" of the search path. Grant it: GRANT USAGE ON SCHEMA "elsewhere" TO "OWNER".',
    ]);
    await query(`GRANT USAGE ON SCHEMA elsewhere TO ${app}, ${owner}`);
    expect(await objections(["elsewhere"])).toBe("");
  });
});

describe("who signs in", () => {
  it("has to be allowed to become the owner", async () => {
    const client = new pg.Client(clientConfig({ ...connection, ...other }));
    await client.connect();
    try {
      const { problems, missing } = await examineRoles(
        client,
        rolesOf([SCHEMA, "x"], { owner, app: "{schema} gone" }),
        [],
      );
      const [refused] = problems.filter(({ code }) => code === "cannot-become");
      const words = refused ? problemText(refused) : "";
      expect(words.replaceAll(owner, "OWNER").replaceAll(other.user, "OTHER")).toContain(
        '"OTHER" cannot become "OWNER", which migrations are to run as. Grant it: GRANT "OWNER" TO "OTHER"',
      );
      expect(missing).toEqual([`${SCHEMA} gone`, "x gone"]);
      // The way out, as it stands there; also where PostgreSQL 16 on has a membership without SET ROLE.
      const [version] = await query<{ n: number }>("SELECT current_setting('server_version_num')::int AS n");
      if ((version?.n ?? 0) >= 160_000) await query(`GRANT ${owner} TO ${other.user} WITH SET FALSE`);
      await query(/Grant it: (.*)\.$/.exec(words)?.[1] ?? "no way out");
      const after = await examineRoles(client, rolesOf([SCHEMA], { owner, app }), []);
      expect(after.problems.filter(({ code }) => code === "cannot-become")).toEqual([]);
    } finally {
      await client.end();
    }
  });
});
