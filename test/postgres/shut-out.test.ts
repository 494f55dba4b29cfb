import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { handOverAll } from "../../src/fleet/hand-over-all.ts";
import type { MigrationClient } from "../../src/history/migration.ts";
import type { History } from "../../src/history/revision.ts";
import { type Database, withDatabase } from "../../src/postgres/database.ts";
import { problemText } from "../../src/problem-text.ts";
import { planAll } from "../../src/pulumi/plan-all.ts";
import { makeSnapshot } from "../../src/snapshot/make-snapshot.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { migrate, NEVER, planned, problemsOf, SETTINGS, stepsOrThrow, up, wish } from "../support/migrate.ts";
import { events, ledgerRows, objectsOf } from "../support/objects.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { connection, query } = database;
const owner = useRole(database).user;
const settings = { ...SETTINGS, owner };
/** No superuser. */
const deployer = useRole(database);
const asDeployer = { ...connection, ...deployer };

beforeEach(() => query("DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; CREATE TABLE s.old (id int)"));
afterAll(() => query("DROP SCHEMA IF EXISTS s CASCADE"));

const told = async (refused: Promise<unknown>) =>
  (await problemsOf(refused)).map((problem) => problemText(problem).replaceAll(owner, "OWNER")).join("\n");

/** What the ledger has of it, names of roles apart. */
const happened = async () => (await events(database, "s")).map((event) => event.replaceAll(owner, "OWNER"));

const SHUT_OUT =
  'Schema "s": role "OWNER", which migrations run as, lacks USAGE on it. Grant it: GRANT USAGE, CREATE ON SCHEMA "s" TO "OWNER".';
const code = (transaction: boolean): History =>
  historyOf({ "0001_a": { up: "// TypeScript", transaction } }).map((revision) => ({
    ...revision,
    up: {
      ...revision.up,
      file: "0001_a.ts",
      sql: "",
      code: async (client: MigrationClient) => void (await client.query("CREATE TABLE a (id int)")),
    },
  }));

describe("before anything runs", () => {
  const history = historyOf({ "0001_a": "DROP TABLE IF EXISTS old; CREATE TABLE a (id int)" });
  const planIn = (sessions: Database, role = owner) =>
    planAll(sessions, asDeployer, new Map([["s", wish(history)]]), { owner: role, searchPath: [] });
  const plan = () => withDatabase(asDeployer, 2, (sessions) => planIn(sessions));
  beforeEach(() => query(`GRANT ${owner} TO ${deployer.user}`));

  it.each([
    ["neither right", "", ["USAGE", "CREATE"]],
    ["USAGE alone", `GRANT USAGE ON SCHEMA s TO ${owner}`, ["CREATE"]],
    [
      "none, in a schema of its own, since it was taken back",
      `ALTER SCHEMA s OWNER TO ${owner}; REVOKE ALL ON SCHEMA s FROM ${owner}; GRANT USAGE, CREATE ON SCHEMA s TO ${deployer.user}`,
      ["USAGE", "CREATE"],
    ],
  ])("the owner has %s: it is given what it lacks with the rest, by whoever signs in", async (_, sql, rights) => {
    await query(`ALTER SCHEMA s OWNER TO ${deployer.user}; ALTER TABLE s.old OWNER TO ${deployer.user}; ${sql}`);
    expect((await plan()).handOvers).toEqual([{ schema: "s", owner, given: 1, opened: 0, rights }]);
    await withDatabase(asDeployer, 3, async (sessions) => {
      const { handOvers } = await planIn(sessions);
      await handOverAll(sessions, handOvers, { ...SETTINGS, waitTimeoutMs: 10_000 }, NEVER);
    });
    expect((await plan()).handOvers).toEqual([]);
    await migrate(asDeployer, "s", history, { owner });
    expect(await objectsOf(database, "s")).toEqual(["column a.id integer", "table a"]);
  });

  it("it is refused where who signs in may not grant it", async () => {
    await query(`ALTER TABLE s.old OWNER TO ${deployer.user}; GRANT USAGE, CREATE ON SCHEMA s TO ${deployer.user}`);
    const text = (await told(plan())).replaceAll(deployer.user, "DEPLOYER");
    expect(text).toMatchInlineSnapshot(
      `"Schema "s": role "OWNER", which migrations run as, lacks USAGE, CREATE on it, and "DEPLOYER" may not grant it. Let "postgres", whose schema it is, grant it: GRANT USAGE, CREATE ON SCHEMA "s" TO "OWNER"."`,
    );
    // The way out, as it stands there.
    await query((/: (GRANT .*)\.$/.exec(text)?.[1] ?? "no way out").replaceAll("OWNER", owner));
    expect((await plan()).handOvers).toMatchObject([{ given: 1, rights: [] }]);
  });

  it("it may be granted by who has them with the right to", async () => {
    await query(`DROP TABLE s.old; GRANT USAGE, CREATE ON SCHEMA s TO ${deployer.user} WITH GRANT OPTION`);
    expect((await plan()).handOvers).toMatchObject([{ given: 0, rights: ["USAGE", "CREATE"] }]);
  });

  it("an owner that does not exist yet is told what it will have", async () => {
    await query(`DROP TABLE s.old; ALTER SCHEMA s OWNER TO ${deployer.user}`);
    const { handOvers } = await withDatabase(asDeployer, 2, (sessions) => planIn(sessions, "not there yet"));
    expect(handOvers).toMatchObject([{ rights: ["USAGE", "CREATE"] }]);
  });
});

describe("a step does not begin where its owner may not use the schema, which the search path passes over", () => {
  it.each([
    ["in a transaction", historyOf({ "0001_a": "DROP TABLE IF EXISTS old; CREATE TABLE a (id int)" })],
    [
      "outside one",
      historyOf({ "0001_a": "-- migrate:no-transaction\nDROP TABLE IF EXISTS old;\nCREATE TABLE a ();" }),
    ],
    ["in TypeScript", code(true)],
    ["in TypeScript outside a transaction", code(false)],
  ])("%s; once it may, it goes on", async (_, history) => {
    expect(await told(migrate(connection, "s", history, { owner }))).toBe(SHUT_OUT);
    expect(await happened()).toEqual(['0001_a up failed : role "OWNER" lacks USAGE on schema "s"']);
    expect(await objectsOf(database, "s")).toEqual(["column old.id integer", "table old"]);
    await query(`GRANT USAGE, CREATE ON SCHEMA s TO ${owner}; ALTER TABLE s.old OWNER TO ${owner}`);
    await migrate(connection, "s", history, { owner });
    expect(await ledgerRows(database, "s")).toEqual(["1 0001_a applied"]);
    expect(await objectsOf(database, "s")).toContain("table a");
  });

  it("several in one message, as soon as one takes its owner's right away", async () => {
    const history = historyOf({
      "0001_a": "CREATE TABLE a (id int)",
      "0002_b": `CREATE TABLE b (id int); DO $$ BEGIN PERFORM take(); END $$`,
      "0003_c": "CREATE TABLE c (id int)",
    });
    await query(`CREATE SCHEMA IF NOT EXISTS extras; GRANT USAGE ON SCHEMA extras TO ${owner};
                 CREATE OR REPLACE FUNCTION extras.take() RETURNS void LANGUAGE sql SECURITY DEFINER
                   AS 'REVOKE USAGE ON SCHEMA s FROM ${owner}';
                 GRANT USAGE, CREATE ON SCHEMA s TO ${owner}`);
    const wishes = await planned(connection, { s: wish(history) });
    const run = up(connection, wishes, { settings: { ...settings, searchPath: ["extras"] } });
    expect(await told(run.then(stepsOrThrow))).toBe(SHUT_OUT);
    expect(await ledgerRows(database, "s")).toEqual(["1 0001_a applied", "2 0002_b applied"]);
  });

  it("from a snapshot: it is told at once, and no history is replayed", async () => {
    await query("DROP TABLE s.old");
    const history = historyOf({ "0001_a": "CREATE TABLE a (id int)" });
    const made = await makeSnapshot(connection, history, SETTINGS);
    const snapshot = { ...made.snapshot, script: { file: "migrations/snapshot.sql", sql: made.sql } };
    const unused: unknown[] = [];
    const onSnapshotUnused = (problem: unknown) => void unused.push(problem);
    const run = up(connection, { s: { ...wish(history), snapshot } }, { settings, onSnapshotUnused });
    expect(await told(run.then(stepsOrThrow))).toBe(SHUT_OUT);
    expect(unused).toEqual([]);
    expect(await objectsOf(database, "s")).toEqual([]);
  });

  it("nor where it may not make the temporary tables either", async () => {
    const temporary = `TEMPORARY ON DATABASE ${connection.database}`;
    await query(`REVOKE ${temporary} FROM PUBLIC`);
    expect(await told(migrate(connection, "s", historyOf({ "0001_a": "SELECT 1" }), { owner }))).toBe(SHUT_OUT);
    await query(`GRANT ${temporary} TO PUBLIC`);
  });
});
