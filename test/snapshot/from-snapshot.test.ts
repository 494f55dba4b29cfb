import { beforeAll, describe, expect, inject, it } from "vitest";
import type { History } from "../../src/history/revision.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Snapshot, SnapshotUnused } from "../../src/plan/snapshot.ts";
import { preambleOf } from "../../src/postgres/preamble.ts";
import { stepMessages } from "../../src/postgres/step-messages.ts";
import { problemText } from "../../src/problem-text.ts";
import { parseSync } from "../../src/script/parser.ts";
import { makeSnapshot } from "../../src/snapshot/make-snapshot.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import {
  ledgerOf,
  migrate,
  newRun,
  problemsOf,
  SETTINGS,
  stepsOrThrow,
  up,
  wish,
  withSession,
} from "../support/migrate.ts";
import { events, ledgerRows, objectsOf } from "../support/objects.ts";
import { richHistory } from "../support/rich-history.ts";
import { useRole } from "../support/role.ts";
import { terminateSleeping } from "../support/sessions.ts";
import { factsOf, timelessLedger } from "../support/structure.ts";

const database = useDatabase();
const { connection, query } = database;
const role = useRole(database);
const history = richHistory(role.user, inject("major"));
let snapshot: Snapshot;
let replayed: readonly string[];

beforeAll(async () => {
  snapshot = await snapshotOf(history);
  await query("CREATE SCHEMA replayed");
  await migrate(connection, "replayed", history);
  replayed = await factsOf(connection, "replayed");
});

async function snapshotOf(revisions: History): Promise<Snapshot> {
  const made = await makeSnapshot(connection, revisions, SETTINGS);
  return { ...made.snapshot, script: { file: "migrations/snapshot.sql", sql: made.sql } };
}

/** One up of one schema, made for it, from a snapshot. */
async function upFrom(schema: string, from: Snapshot, revisions = history, target = "head") {
  await query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
  const unused: SnapshotUnused[] = [];
  const wishes = { [schema]: { ...wish(revisions, { target }), snapshot: from } };
  const steps = stepsOrThrow(
    await up(connection, wishes, { onSnapshotUnused: (problem) => void unused.push(problem) }),
  );
  return { steps, unused };
}

describe("a schema made from a snapshot", () => {
  it("has the structure and the ledger of one that was replayed, apart from times", async () => {
    const { steps, unused } = await upFrom("made", snapshot);
    expect(unused).toEqual([]);
    expect(steps).toMatchObject([{ direction: "up", first: "0001_types", revision: "0015_rename" }]);
    expect(await factsOf(connection, "made")).toEqual(replayed);
    expect(await timelessLedger(database, "made")).toEqual(await timelessLedger(database, "replayed"));
    expect((await events(database, "made")).slice(0, 2)).toEqual([
      "0001_types up snapshot",
      "0002_enum_value up snapshot",
    ]);
    expect(await events(database, "made")).toHaveLength(15);
  });

  it("goes on with the revisions that came after the snapshot", async () => {
    const longer = [
      ...history,
      ...historyOf({ "0016_more": { up: "ALTER TABLE reads ADD more text", down: "ALTER TABLE reads DROP more" } }),
    ];
    const { steps } = await upFrom("longer", snapshot, longer);
    expect(steps.map(({ revision }) => revision)).toEqual(["0015_rename", "0016_more"]);
    expect((await ledgerRows(database, "longer")).slice(-2)).toEqual([
      "15 0015_rename applied",
      "16 0016_more applied",
    ]);
    expect((await events(database, "longer")).at(-1)).toBe("0016_more up done");
  });

  it("rolls back by the down scripts in its ledger, as one that was replayed does", async () => {
    await upFrom("back", snapshot);
    await query("CREATE SCHEMA back_replayed");
    await migrate(connection, "back_replayed", history);
    const older = history.slice(0, 12);
    for (const schema of ["back", "back_replayed"]) await migrate(connection, schema, older, { target: "0012" });
    expect(await factsOf(connection, "back")).toEqual(await factsOf(connection, "back_replayed"));
    expect((await events(database, "back")).at(-1)).toBe("0013_privileges down done");
    await migrate(connection, "back", history);
    expect(await timelessLedger(database, "back")).toEqual(await timelessLedger(database, "replayed"));
  });

  it("may be one that has a ledger, as long as nothing was ever applied", async () => {
    await query("CREATE SCHEMA began");
    await problemsOf(migrate(connection, "began", historyOf({ "0001_types": "SELECT 1 / 0" })));
    expect((await upFrom("began", snapshot)).unused).toEqual([]);
    expect((await events(database, "began")).slice(0, 2)).toEqual([
      "0001_types up failed : division by zero",
      "0001_types up snapshot",
    ]);
    const numbers = (await query<{ entry: number }>("SELECT entry FROM began.migration_ledger ORDER BY entry")).map(
      ({ entry }) => entry,
    );
    expect(numbers).toEqual([0, ...history.keys()].map((_, index) => index + 1));
  });

  it("has been used when it was rolled back to its base: the next up replays", async () => {
    const simple = historyOf({ "0001_a": { up: "CREATE TABLE a (id int)", down: "DROP TABLE a" } });
    const from = await snapshotOf(simple);
    await upFrom("emptied", from, simple);
    await migrate(connection, "emptied", simple, { target: "base" });
    await upFrom("emptied", from, simple);
    expect(await events(database, "emptied")).toEqual(["0001_a up snapshot", "0001_a down done", "0001_a up done"]);
  });

  it("whatever it is called", async () => {
    const simple = historyOf({
      "0001_a": "CREATE TABLE a (id serial); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    });
    const from = await snapshotOf(simple);
    await query(`CREATE SCHEMA "it's $$ \\ ""odd"""`);
    const wishes = { 'it\'s $$ \\ "odd"': { ...wish(simple), snapshot: from } };
    const unused: SnapshotUnused[] = [];
    stepsOrThrow(await up(connection, wishes, { onSnapshotUnused: (problem) => void unused.push(problem) }));
    expect(unused).toEqual([]);
  });

  it("is made of the text that the preview's file holds, which psql can send statement by statement", async () => {
    await query("CREATE SCHEMA by_hand");
    await withSession(connection, async (client) => {
      const plan = makePlan({ ...wish(history), snapshot, ledger: await ledgerOf(client, "by_hand") });
      const [step] = plan.steps;
      if (!step) throw new Error("no step");
      const messages = stepMessages("by_hand", step, SETTINGS, newRun(), preambleOf(plan, undefined));
      const sql = messages.map(({ text }) => text).join("");
      for (const { stmt_location = 0, stmt_len = 0 } of parseSync(sql).stmts ?? []) {
        const bytes = Buffer.from(sql).subarray(stmt_location, stmt_location + stmt_len);
        await client.query(bytes.toString());
      }
    });
    expect(await factsOf(connection, "by_hand")).toEqual(replayed);
  });
});

describe("the history is replayed", () => {
  const changes: readonly (readonly [what: string, from: string | RegExp, to: string])[] = [
    ["an index is missing", /CREATE INDEX orders_by_user .*;/, ""],
    ["an index has another predicate", "WHERE (late > 0)", "WHERE (late > 1)"],
    ["an index is not unique", "CREATE UNIQUE INDEX users_mail", "CREATE INDEX users_mail"],
    ["a default is another", "total numeric(10,2) DEFAULT 0", "total numeric(10,2) DEFAULT 1"],
    ["a default is missing", "late integer DEFAULT 7", "late integer"],
    ["columns are in another order", /(user_id bigint NOT NULL),\n(\s+during tstzrange)/, "$2,\n$1"],
    ["a column has another type", "total numeric(10,2)", "total numeric(10,3)"],
    ["a column may be null", "name text NOT NULL COLLATE", "name text COLLATE"],
    ["a column has another collation", 'COLLATE pg_catalog."C"', 'COLLATE pg_catalog."POSIX"'],
    ["a column is stored otherwise", /ALTER TABLE ONLY users ALTER COLUMN name SET STORAGE EXTERNAL;/, ""],
    ["a column is compressed otherwise", /ALTER TABLE ONLY users ALTER COLUMN mail SET COMPRESSION pglz;/, ""],
    ["a generated column computes otherwise", "upper(name)", "lower(name)"],
    ["an identity starts elsewhere", "START WITH 10", "START WITH 11"],
    ["a sequence has other limits", "MAXVALUE 5000", "MAXVALUE 5001"],
    ["a sequence belongs to nothing", /ALTER SEQUENCE order_numbers OWNED BY .*;/, ""],
    ["an enum has its values in another order", /'middle',\n(\s+)'high'/, "'high',\n$1'middle'"],
    ["a domain lets more in", "~~ '%@%'", "~~ '%'"],
    ["a comment is missing", /COMMENT ON COLUMN users.name IS .*;/, ""],
    ["a comment is another", "usuários", "usuarios"],
    ["a check is missing", /,\n\s+CONSTRAINT name_not_blank CHECK .*/, ""],
    ["a check is validated", ") NOT VALID", ")"],
    ["a foreign key does otherwise", "ON DELETE CASCADE", "ON DELETE RESTRICT"],
    ["a foreign key is not deferred", "DEFERRABLE INITIALLY DEFERRED", ""],
    ["an exclusion is missing", /ALTER TABLE ONLY orders\n\s+ADD CONSTRAINT orders_during_excl .*;/, ""],
    ["a function does otherwise", "NEW.at := now()", "NEW.at := clock_timestamp()"],
    ["a function runs as its caller", "SECURITY DEFINER", ""],
    ["a function has no search path", "SET search_path FROM CURRENT", ""],
    ["a trigger is missing", /CREATE TRIGGER touch .*;/, ""],
    ["a trigger is enabled", /ALTER TABLE orders DISABLE TRIGGER never;/, ""],
    ["a view shows other rows", /(?<=WHERE \((users\.)?late > )1/, "2"],
    ["a view has no barrier", " WITH (security_barrier='true')", ""],
    ["a rule is missing", /CREATE RULE no_delete AS\n.*;/, ""],
    ["a policy is missing", /CREATE POLICY everyone .*;/, ""],
    ["a policy is for others", /(CREATE POLICY own .*) TO \w+ /, "$1 "],
    ["row security is off", /ALTER TABLE users ENABLE ROW LEVEL SECURITY;/, ""],
    ["row security is not forced", "ALTER TABLE ONLY users FORCE ROW LEVEL SECURITY;", ""],
    ["a partition has another bound", "TO ('2025-01-01')", "TO ('2025-01-02')"],
    ["a partition is missing", /ALTER TABLE ONLY events ATTACH PARTITION events_2024 .*;/, ""],
    ["a privilege is missing", "GRANT SELECT,INSERT ON TABLE users", "GRANT SELECT ON TABLE users"],
    ["a privilege was not taken away", /REVOKE ALL ON FUNCTION safe\(\) FROM PUBLIC;/, ""],
    ["a column's privilege cannot be passed on", "WITH GRANT OPTION", ""],
    ["a default privilege is missing", /DO \$do\$.*ALTER DEFAULT PRIVILEGES.*;/, ""],
    ["statistics are missing", /CREATE STATISTICS .*;/, ""],
    ["a column's statistics are coarser", /ALTER TABLE ONLY users ALTER COLUMN mail SET STATISTICS 200;/, ""],
    ["a table is filled otherwise", "fillfactor='70'", "fillfactor='71'"],
    ["a table is logged", "CREATE UNLOGGED TABLE", "CREATE TABLE"],
    ["a table is clustered otherwise", /ALTER TABLE users CLUSTER ON .*;/, ""],
    ["a replica identity is missing", /ALTER TABLE ONLY orders REPLICA IDENTITY .*;/, ""],
    ["a table inherits nothing", /\)\nINHERITS \(parent\)/, ", a integer)"],
    ["there is something more", /$/, "CREATE TABLE more ();"],
    ["a statement fails", /$/, "SELECT 1 / 0;"],
  ];

  it.each(changes)("where %s", async (what, from, to) => {
    const schema = `changed_${what.replaceAll(/\W/g, "_")}`;
    const sql = snapshot.script.sql.replace(from, to);
    expect(sql).not.toBe(snapshot.script.sql);
    const { unused, steps } = await upFrom(schema, { ...snapshot, script: { file: "migrations/snapshot.sql", sql } });
    expect(unused).toMatchObject([{ why: "failed", schema }]);
    expect(steps).toHaveLength(15);
    expect(await factsOf(connection, schema)).toEqual(replayed);
    expect((await events(database, schema)).slice(0, 2)).toEqual([
      expect.stringMatching(/^0015_rename up failed : /),
      "0001_types up done",
    ]);
    await query(`SET client_min_messages TO warning; DROP SCHEMA ${schema} CASCADE`);
  });

  it("with a warning that says why, once for all schemas", async () => {
    const told: string[] = [];
    const from = {
      ...snapshot,
      script: { ...snapshot.script, sql: `${snapshot.script.sql}COMMENT ON TABLE users IS NULL;` },
    };
    await query("CREATE SCHEMA warned_1; CREATE SCHEMA warned_2; CREATE SCHEMA warned_3");
    const asked = { ...wish(history), snapshot: from };
    const results = await up(
      connection,
      { warned_1: asked, warned_2: asked, warned_3: asked },
      {
        concurrency: 1,
        onSnapshotUnused: (problem) => void told.push(problemText(problem)),
      },
    );
    expect(results.map(({ steps }) => steps.length)).toEqual([15, 15, 15]);
    expect(told.map((text) => text.replaceAll(/[0-9a-f]{64}/g, "HASH"))).toMatchInlineSnapshot(`
      [
        "Schema "warned_1" was not made from migrations/snapshot.sql, and replays the history, as the schemas after it do:
        Schema "warned_1", migrations/snapshot.sql: the structure is not what the history makes: its fingerprint is HASH, not HASH (SQLSTATE P0001)
          PL/pgSQL function inline_code_block line 167 at RAISE
        Nothing of 0015_rename remains; the schema is at base. Mend the script and run again.",
      ]
    `);
    expect((await events(database, "warned_2"))[0]).toBe("0001_types up done");
  });

  it("where other default privileges are in force, and the history takes some away", async () => {
    await query(
      `CREATE SCHEMA others; ALTER DEFAULT PRIVILEGES IN SCHEMA others GRANT SELECT ON TABLES TO ${role.user}`,
    );
    await query(`CREATE ROLE another_${role.user}`);
    await query(`ALTER DEFAULT PRIVILEGES IN SCHEMA others GRANT INSERT ON TABLES TO another_${role.user}`);
    expect((await upFrom("others", snapshot)).unused).toHaveLength(1);
    await query(`DROP SCHEMA others CASCADE; DROP ROLE another_${role.user}`);
  });

  it("not where other default privileges are in force, and the history only grants", async () => {
    const grants = historyOf({
      "0001_a": `CREATE TABLE a (id int); GRANT SELECT ON a TO ${role.user}; CREATE TABLE b (id int)`,
    });
    const from = await snapshotOf(grants);
    await query(`CREATE SCHEMA granted; CREATE SCHEMA granted_replayed`);
    for (const schema of ["granted", "granted_replayed"])
      await query(`ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT INSERT ON TABLES TO ${role.user}`);
    expect((await upFrom("granted", from, grants)).unused).toEqual([]);
    await migrate(connection, "granted_replayed", grants);
    const acls = (schema: string) =>
      query(
        "SELECT relname, relacl::text FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r' ORDER BY 1",
        [schema],
      );
    expect(await acls("granted")).toEqual(await acls("granted_replayed"));
  });
});

describe("with roles", () => {
  it("belongs to the schema's owner and is open to its application, as if it had been replayed", async () => {
    const [owner, app] = [`${role.user}_owner`, `${role.user}_app`];
    const plain = historyOf({
      "0001_a": "CREATE TABLE a (id serial PRIMARY KEY); CREATE TYPE mood AS ENUM ('low')",
      "0002_b": `CREATE VIEW b AS SELECT id FROM a; GRANT SELECT ON b TO ${role.user}`,
      "0003_c": "CREATE FUNCTION c() RETURNS int LANGUAGE sql RETURN 1",
    });
    const from = await snapshotOf(plain);
    await query(`CREATE ROLE ${owner}; CREATE ROLE ${app}`);
    for (const [schema, used] of [
      ["owned", from],
      ["owned_replayed", undefined],
    ] as const) {
      await query(`CREATE SCHEMA ${schema} AUTHORIZATION ${owner};
        ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA ${schema} GRANT SELECT, INSERT ON TABLES TO ${app};
        ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA ${schema} GRANT USAGE ON SEQUENCES TO ${app}`);
      const [result] = await up(
        connection,
        { [schema]: { ...wish(plain), owner, snapshot: used } },
        {
          settings: { ...SETTINGS, owner },
          onSnapshotUnused: (problem) => expect.unreachable(JSON.stringify(problem)),
        },
      );
      expect(result).toMatchObject({ to: "0003_c", problems: [] });
    }
    expect(await events(database, "owned")).toContain("0003_c up snapshot");
    const owned = (schema: string) =>
      query(
        `SELECT relname AS name, pg_get_userbyid(relowner) AS owner, relacl::text AS rights FROM pg_class
          WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'v', 'S')
         UNION ALL SELECT proname, pg_get_userbyid(proowner), proacl::text FROM pg_proc WHERE pronamespace = $1::regnamespace
         UNION ALL SELECT typname, pg_get_userbyid(typowner), typacl::text FROM pg_type
          WHERE typnamespace = $1::regnamespace AND typtype = 'e' ORDER BY 1`,
        [schema],
      );
    const rights = await owned("owned");
    expect(rights).toEqual(await owned("owned_replayed"));
    expect(rights).toContainEqual({ name: "a", owner, rights: expect.stringContaining(`${app}=ar/${owner}`) });
    await query(`DROP SCHEMA owned, owned_replayed CASCADE; DROP ROLE ${owner}, ${app}`);
  });
});

describe("interrupted", () => {
  it("in the middle, a snapshot leaves nothing, and the next up begins anew", async () => {
    const sql = `${snapshot.script.sql}SELECT pg_sleep(60);`;
    await query("CREATE SCHEMA cut");
    const asked = { ...wish(history), snapshot: { ...snapshot, script: { ...snapshot.script, sql } } };
    const running = up(connection, { cut: asked });
    await terminateSleeping(database);
    expect(await running).toMatchObject([{ problems: [{ code: "connection-lost" }], steps: [], to: "base" }]);
    expect(await objectsOf(database, "cut")).toEqual([]);
    expect((await upFrom("cut", snapshot)).unused).toEqual([]);
    expect(await factsOf(connection, "cut")).toEqual(replayed);
  });
});
