import type pg from "pg";
import { describe, expect, test } from "vitest";
import type { AppliedRevision } from "../../src/plan/ledger.ts";
import { createLedger, readLedgers } from "../../src/postgres/ledger-table.ts";
import { withEmbeddedPostgres } from "../../toolchain/embedded-postgres.ts";
import { useDatabase } from "../support/database.ts";
import { insertEntries } from "../support/ledger.ts";
import { ledgerOf, withSession } from "../support/migrate.ts";

test("more schemas than the server can hold locks for in one transaction", async () => {
  // PostgreSQL's defaults (64 locks x 100 connections) are as few for 3,000 schemas as these are for 500.
  const settings = { max_locks_per_transaction: "10", max_connections: "20" };
  await withEmbeddedPostgres(
    async (server) => {
      const connection = { ...server, sslmode: "disable" as const };
      await withSession(connection, async (client) => {
        const names = Array.from({ length: 500 }, (_, index) => `tenant_${index}`);
        for (const name of names) await client.query([`CREATE SCHEMA ${name}`, ...createLedger(name)].join(";"));
        const ledgers = await readLedgers(client, names);
        expect(ledgers.filter(({ exists }) => exists)).toHaveLength(500);
      });
    },
    { settings },
  );
});

describe("ledgers of which many are the same", () => {
  const database = useDatabase();
  const names = Array.from({ length: 60 }, (_, index) => `tenant_${index}`);
  /** What can be different in a ledger, besides nothing: a tenth of the schemas have each. */
  const changes: Readonly<Record<number, string>> = {
    1: "DELETE FROM LEDGER",
    2: "DELETE FROM LEDGER WHERE entry = 2",
    3: "UPDATE LEDGER SET checksum = 'edited' WHERE entry = 1",
    4: "UPDATE LEDGER SET outcome = 'started' WHERE entry = 3",
    5: "UPDATE LEDGER SET down = NULL WHERE entry = 2",
    6: "UPDATE LEDGER SET down = '' WHERE entry = 2",
    7: "INSERT INTO LEDGER (entry, revision, direction, outcome) VALUES (4, '0003_c', 'down', 'started')",
    8: "UPDATE LEDGER SET in_transaction = false WHERE entry = 1",
    9: "UPDATE LEDGER SET revision = '0002_b,up), (3,0003_c' WHERE entry = 2",
  };
  const change = (name: string, sql: string) => database.query(sql.replaceAll("LEDGER", `${name}.migration_ledger`));

  test("are read as each would be alone, whatever is in them", async () => {
    for (const [index, name] of names.entries()) {
      await database.query(
        [
          `CREATE SCHEMA ${name}`,
          ...createLedger(name),
          insertEntries(
            name,
            "(1, '0001_a', 'up', 'done', 'aa', true, 'DROP TABLE a; -- ü')",
            "(2, '0002_b', 'up', 'done', 'bb', true, 'DROP TABLE b')",
            "(3, '0003_c', 'up', 'done', 'cc', false, 'DROP TABLE c')",
          ),
        ].join(";"),
      );
      const sql = changes[index % 10];
      if (sql) await change(name, sql);
    }
    // In another place of the table than where it was written first; which says nothing.
    await change("tenant_0", "UPDATE LEDGER SET outcome = 'done' WHERE entry = 1");
    // Other times and failures that are past make no difference either.
    await change(
      "tenant_10",
      "INSERT INTO LEDGER (entry, at, revision, direction, outcome) VALUES (0, '2026-11-20', '0001_a', 'up', 'failed')",
    );
    await change("tenant_20", "UPDATE LEDGER SET at = '2026-11-19Z'::timestamptz + entry * interval '1 hour'");
    // Written by hand: without a number, and with one that is there already.
    await change("tenant_30", "UPDATE LEDGER SET entry = NULL WHERE entry = 3");
    await change("tenant_40", "INSERT INTO LEDGER SELECT * FROM LEDGER WHERE entry = 3");
    await change("tenant_50", "UPDATE LEDGER SET outcome = NULL");
    await change("tenant_51", "UPDATE LEDGER SET outcome = 'failed'");
    await withSession(database.connection, async (client) => {
      const alone = [];
      for (const name of names) alone.push(await ledgerOf(client, name));
      const together = await readLedgers(client, names);
      expect(together).toEqual(alone);
      expect(together.filter(({ altered }) => altered).map(({ schema }) => schema)).toEqual([
        "tenant_30",
        "tenant_40",
        "tenant_50",
      ]);
      expect([together[10]?.since, together[20]?.since]).toEqual([undefined, new Date("2026-11-19T03:00Z")]);
      // Ten of the changes, and the ledger with an entry more.
      expect(new Set(together.map(({ applied }) => applied)).size).toBe(12);
    });
  });

  test("are read again where another run changes them in between", async () => {
    const rows = (ledgers: readonly { readonly applied: readonly AppliedRevision[] }[]) =>
      ledgers.map(({ applied }) => applied.map(({ revision }) => revision));
    await withSession(database.connection, async (client) => {
      let messages = 0;
      const disturbed = new Proxy(client, {
        get: (target, key: keyof pg.ClientBase) => {
          if (key !== "query") return target[key];
          return async (...args: Parameters<typeof client.query>) => {
            messages += 1;
            // Between the digests and the rows of one ledger of each kind, all of one kind go on.
            if (messages === 3)
              for (const name of names.slice(20)) await change(name, "DELETE FROM LEDGER WHERE entry = 1");
            return target.query(...args);
          };
        },
      });
      const seen = rows(await readLedgers(disturbed, names));
      expect(messages).toBeGreaterThan(3);
      expect(seen).toEqual(rows(await readLedgers(client, names)));
    });
  });
});
