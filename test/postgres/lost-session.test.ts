import { describe, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { migrate, problemsOf } from "../support/migrate.ts";
import { events, ledgerRows, objectsOf } from "../support/objects.ts";
import { terminateSleeping } from "../support/sessions.ts";

const database = useDatabase();
const { connection, query } = database;

async function schemaNamed(name: string): Promise<string> {
  await query(`CREATE SCHEMA ${name}`);
  return name;
}

/** Three revisions, the second of which takes as long as is asked for. */
function history(seconds: number, directive = "") {
  return historyOf({
    "0001_a": "CREATE TABLE a (id int)",
    "0002_b": `${directive}CREATE TABLE b (id int);\nSELECT pg_sleep(${seconds});\nCREATE TABLE b2 (id int);`,
    "0003_c": "CREATE TABLE c (id int)",
  });
}

describe("a session that is ended from outside", () => {
  test("inside a step: nothing half applied, a clear problem, and the next run finishes", async () => {
    const schema = await schemaNamed("in_step");
    const [problems] = await Promise.all([
      problemsOf(migrate(connection, schema, history(30))),
      terminateSleeping(database),
    ]);
    expect(problems).toMatchObject([{ code: "connection-lost", schema }]);
    expect(await objectsOf(database, schema)).toEqual(["column a.id integer", "table a"]);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_a applied"]);
    await migrate(connection, schema, history(0));
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_a applied", "2 0002_b applied", "3 0003_c applied"]);
  });

  test("inside the very first step: no ledger, nothing", async () => {
    const schema = await schemaNamed("in_first");
    const [problems] = await Promise.all([
      problemsOf(migrate(connection, schema, history(31).slice(1))),
      terminateSleeping(database),
    ]);
    expect(problems).toMatchObject([{ code: "connection-lost", schema }]);
    expect(await query("SELECT relname FROM pg_class WHERE relnamespace = 'in_first'::regnamespace")).toEqual([]);
  });

  test("inside a script outside a transaction: the row says that it was interrupted", async () => {
    const schema = await schemaNamed("outside");
    const outside = history(32, "-- migrate:no-transaction\n");
    const [problems] = await Promise.all([
      problemsOf(migrate(connection, schema, outside)),
      terminateSleeping(database),
    ]);
    expect(problems).toMatchObject([{ code: "connection-lost", schema }]);
    expect(await ledgerRows(database, schema)).toEqual(["1 0001_a applied", "2 0002_b applying"]);
    expect((await events(database, schema)).at(-1)).toBe("0002_b up started");
    expect(await problemsOf(migrate(connection, schema, outside))).toMatchObject([
      { code: "interrupted", revision: "0002_b", direction: "up" },
    ]);
  });
});
