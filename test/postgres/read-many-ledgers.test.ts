import { expect, test } from "vitest";
import { createLedger, readLedgers } from "../../src/postgres/ledger-table.ts";
import { withEmbeddedPostgres } from "../../toolchain/embedded-postgres.ts";
import { withSession } from "../support/migrate.ts";

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
