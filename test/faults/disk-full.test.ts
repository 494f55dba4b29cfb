import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { problemText } from "../../src/problem-text.ts";
import { withEmbeddedPostgres } from "../../toolchain/embedded-postgres.ts";
import type { TestDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { disagreements, MARKED, markedHistory } from "../support/marked-history.ts";
import { up, wish } from "../support/migrate.ts";
import { events, ledgerRows, objectsOf } from "../support/objects.ts";
import { databaseOn } from "../support/own-server.ts";
import { mountSmallDisk, type SmallDisk } from "../support/small-disk.ts";

const trial = await mountSmallDisk(1);
await trial?.unmount();

/** A database that lies on a small disk as a whole: its catalog, its schemas and their ledgers. */
async function withSmallDatabase(callback: (database: TestDatabase, disk: SmallDisk) => Promise<void>): Promise<void> {
  const disk = await mountSmallDisk(32);
  if (!disk) throw new Error("nothing may be mounted here");
  await withEmbeddedPostgres(async (server) => {
    const { query } = databaseOn(server);
    await query(`CREATE TABLESPACE small LOCATION '${disk.folder}'`);
    await query("CREATE DATABASE small TABLESPACE small");
    await callback(databaseOn(server, "small"), disk);
  }).finally(disk.unmount);
}

describe.skipIf(!trial)(
  `a full disk${trial ? "" : " (skipped: nothing may be mounted here, which takes root on Linux)"}`,
  () => {
    test("filled by a step: nothing of it remains, the words ask for space, and with space the next run goes on", () =>
      withSmallDatabase(async (database, disk) => {
        await database.query("CREATE SCHEMA filled");
        const history = historyOf({
          "0001_small": "CREATE TABLE small (id int)",
          "0002_big": "CREATE TABLE big AS\n  SELECT repeat('x', 1000) AS x FROM generate_series(1, 60000)",
          "0003_last": "CREATE TABLE last (id int)",
        });
        const [full] = await up(database.connection, { filled: wish(history) });
        expect(full).toMatchObject({ to: "0001_small" });
        expect(
          full?.problems
            .map(problemText)
            .join()
            .replace(/"pg_tblspc[^"]*"( with \w+\(\))?/, "FILE"),
        ).toMatchInlineSnapshot(`
          "Schema "filled", migrations/0002_big.up.sql:1: could not extend file FILE: No space left on device (SQLSTATE 53100)
            Hint: Check free disk space.
            CREATE TABLE big AS
              SELECT repeat('x', 1000) AS x FROM generate_series(1, 60000)
          Nothing of 0002_big remains; the schema is at 0001_small. Free space on the server's disk and run again."
        `);
        expect(await ledgerRows(database, "filled")).toEqual(["1 0001_small applied"]);
        expect(await objectsOf(database, "filled")).toEqual(["column small.id integer", "table small"]);
        expect((await events(database, "filled")).map((event) => event.split(" :")[0])).toEqual([
          "0001_small up done",
          "0002_big up failed",
        ]);
        await disk.grow(256);
        expect(await up(database.connection, { filled: wish(history) })).toMatchObject([
          { to: "0003_last", problems: [] },
        ]);
        expect(await ledgerRows(database, "filled")).toHaveLength(3);
      }));

    test("filled by others, to the last byte: not even the ledger is made, and with space the next run finishes", () =>
      withSmallDatabase(async (database, disk) => {
        await database.query("CREATE SCHEMA crowded");
        const rest = join(disk.folder, "of-others");
        expect(() => {
          for (;;) appendFileSync(rest, Buffer.alloc(4_096));
        }).toThrow("ENOSPC");
        const [full] = await up(database.connection, { crowded: wish(markedHistory()) });
        expect(full).toMatchObject({ to: "base", steps: [], problems: [{ code: "step-failed", cause: "disk-full" }] });
        expect(await disagreements(database, "crowded")).toEqual([]);
        rmSync(rest);
        const results = await up(database.connection, { crowded: wish(markedHistory()) });
        expect(results).toMatchObject([{ to: "0004_last", problems: [] }]);
        expect(await disagreements(database, "crowded")).toEqual([]);
        expect(await ledgerRows(database, "crowded")).toHaveLength(MARKED.length);
      }));
  },
);
