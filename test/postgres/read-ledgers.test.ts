import { describe, expect, test } from "vitest";
import type { Connection } from "../../src/postgres/connection.ts";
import { readLedgers } from "../../src/postgres/ledger-table.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { migrate, withSession } from "../support/migrate.ts";
import { everyCatalogRow } from "../support/objects.ts";
import { useRole } from "../support/role.ts";
import { roundTrips } from "../support/sessions.ts";

const database = useDatabase();
const reader = useRole(database);
const history = historyOf({
  "0001_users": { up: "CREATE TABLE users (id int)", down: "DROP TABLE users" },
  "0002_index": { up: "CREATE INDEX CONCURRENTLY users_id ON users (id)", transaction: false },
});

function read(connection: Connection, schemas: readonly string[]) {
  return withSession(connection, (client) => readLedgers(client, schemas));
}

test("a schema that does not exist, and one without a ledger", async () => {
  await database.query("CREATE SCHEMA empty");
  expect(await read(database.connection, ["missing", "empty"])).toMatchObject([
    { schema: "missing", schemaExists: false, exists: false, applied: [] },
    { schema: "empty", schemaExists: true, exists: false, applied: [] },
  ]);
});

test("no schema at all", async () => {
  expect(await read(database.connection, [])).toEqual([]);
});

test("a ledger with all that a plan needs", async () => {
  await database.query("CREATE SCHEMA used");
  const [{ now } = { now: new Date() }] = await database.query<{ now: Date }>("SELECT clock_timestamp() AS now");
  await migrate(database.connection, "used", history);
  const [first, second] = history;
  const found = await read(database.connection, ["used"]);
  expect(found[0]?.since?.getTime()).toBeGreaterThanOrEqual(now.getTime());
  expect(found).toMatchObject([
    {
      schema: "used",
      schemaExists: true,
      exists: true,
      applied: [
        {
          revision: "0001_users",
          checksum: first?.checksum,
          down: "DROP TABLE users",
          transaction: true,
          interrupted: undefined,
        },
        {
          revision: "0002_index",
          checksum: second?.checksum,
          down: undefined,
          transaction: false,
          interrupted: undefined,
        },
      ],
    },
  ]);
});

test("a view that happens to have the ledger's name is not a ledger", async () => {
  await database.query("CREATE SCHEMA viewed; CREATE VIEW viewed.migration_ledger AS SELECT 1 AS position");
  expect(await read(database.connection, ["viewed"])).toMatchObject([{ exists: false, applied: [] }]);
});

describe("many schemas, some without a ledger, some missing", () => {
  const names = Array.from({ length: 60 }, (_, index) => `tenant "${index}"; --`);
  const created = names.filter((_, index) => index % 3 !== 0);
  const migrated = names.filter((_, index) => index % 3 === 1);

  test("come back in the order that was asked for, each with its own rows", async () => {
    for (const name of created) await database.query(`CREATE SCHEMA "${name.replaceAll('"', '""')}"`);
    for (const [index, name] of migrated.entries()) {
      await migrate(database.connection, name, history, { target: index % 2 === 0 ? "1" : "2" });
    }
    const ledgers = await read(database.connection, names);
    expect(ledgers.map(({ schema }) => schema)).toEqual(names);
    expect(ledgers.filter(({ schemaExists }) => schemaExists).map(({ schema }) => schema)).toEqual(created);
    expect(ledgers.filter(({ exists }) => exists).map(({ schema, applied }) => [schema, applied.length])).toEqual(
      migrated.map((name, index) => [name, index % 2 === 0 ? 1 : 2]),
    );
  });

  test("take three round trips, however many they are; a few take two", async () => {
    await withSession(database.connection, async (client) => {
      const counted: number[] = [];
      for (const some of [migrated.slice(0, 1), migrated, names]) {
        counted.push(await roundTrips(client, () => readLedgers(client, some)));
      }
      expect(counted).toEqual([2, 3, 3]);
    });
  });

  test("are read by who may only read, and nothing is written", async () => {
    await database.query(
      [
        ...created.map((name) => `GRANT USAGE ON SCHEMA "${name.replaceAll('"', '""')}" TO ${reader.user}`),
        ...migrated.map(
          (name) => `GRANT SELECT ON ALL TABLES IN SCHEMA "${name.replaceAll('"', '""')}" TO ${reader.user}`,
        ),
        `ALTER ROLE ${reader.user} SET default_transaction_read_only = on`,
      ].join(";"),
    );
    const before = await everyCatalogRow(database);
    const asReader = await read({ ...database.connection, ...reader }, names);
    expect(asReader).toEqual(await read(database.connection, names));
    expect(asReader.filter(({ exists }) => exists)).toHaveLength(migrated.length);
    expect(await everyCatalogRow(database)).toEqual(before);
  });
});
