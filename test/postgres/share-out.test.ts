import { beforeAll, describe, expect, test } from "vitest";
import type { Connection } from "../../src/postgres/connection.ts";
import { type Database, withDatabase } from "../../src/postgres/database.ts";
import { createLedger, readLedgers } from "../../src/postgres/ledger-table.ts";
import { shareOut } from "../../src/postgres/share-out.ts";
import { useDatabase } from "../support/database.ts";
import { insertEntries } from "../support/ledger.ts";
import { problemsOf } from "../support/migrate.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { connection, query } = database;
const reader = useRole(database);
const names = Array.from({ length: 450 }, (_, index) => `tenant_${index}`);

beforeAll(async () => {
  for (const [index, name] of names.entries()) {
    const row = index % 7 === 0 ? "" : "(1, '0001_a', 'up', 'done', 'aa', true, 'DROP TABLE a')";
    await query(
      [
        `CREATE SCHEMA ${name}`,
        ...createLedger(name),
        row && insertEntries(name, row),
        `GRANT USAGE ON SCHEMA ${name} TO ${reader.user}`,
        `GRANT SELECT ON ALL TABLES IN SCHEMA ${name} TO ${reader.user}`,
      ].join(";"),
    );
  }
});

/** Reads the fleet with at most so many sessions, of more that there are, and tells how many were asked for at once. */
async function read(as: Connection, sessions: number, schemas: readonly string[] = names) {
  let [lent, most] = [0, 0];
  const ledgers = await withDatabase(as, 9, (real) => {
    const counted: Database = {
      sessions,
      signedIn: real.signedIn,
      withClient: async (callback) => {
        // Counted when it is asked for: while one signs in, another may have read all of its part.
        lent += 1;
        most = Math.max(most, lent);
        try {
          return await real.withClient(callback);
        } finally {
          lent -= 1;
        }
      },
    };
    return counted.withClient((client) => shareOut(counted, client, schemas, readLedgers));
  });
  return { ledgers, most };
}

const alone = () => withDatabase(connection, 1, (one) => one.withClient((client) => readLedgers(client, names)));

describe("the ledgers of hundreds of schemas", () => {
  test("are read in up to four sessions, as one would read them", async () => {
    const { ledgers, most } = await read(connection, 9);
    expect(ledgers).toEqual(await alone());
    expect(most).toBe(4);
  });

  test("never in more sessions than there are to be", async () => {
    for (const sessions of [1, 2]) {
      const { ledgers, most } = await read(connection, sessions);
      expect(ledgers.map(({ schema }) => schema)).toEqual(names);
      expect(most).toBe(sessions);
    }
  });

  test("are read in one session where the server grants no other", async () => {
    await query(`ALTER ROLE ${reader.user} CONNECTION LIMIT 1`);
    const { ledgers } = await read({ ...connection, ...reader }, 4);
    expect(ledgers).toEqual(await alone());
    await query(`ALTER ROLE ${reader.user} CONNECTION LIMIT -1`);
  });

  test("are refused as ever where one of them may not be read", async () => {
    await query(`REVOKE SELECT ON tenant_440.migration_ledger FROM ${reader.user}`);
    expect(await problemsOf(read({ ...connection, ...reader }, 4))).toMatchObject([
      { code: "ledger-unreadable", schema: "tenant_440", error: { sqlstate: "42501" } },
    ]);
  });
});

test("few schemas are not worth a sign-in, and none are nothing", async () => {
  expect(await read(connection, 9, names.slice(0, 100))).toMatchObject({ most: 1 });
  expect(await read(connection, 9, [])).toEqual({ ledgers: [], most: 1 });
});
