/** A plain umzug loop over schemas: a table of names in each schema, a transaction for each migration. */
import pLimit from "p-limit";
import pg from "pg";
import { Umzug, type UmzugStorage } from "umzug";
import type { BenchMigration } from "../migrations.ts";
import { measure } from "./node-process.ts";

await measure(async ({ connection, schemas, migrations, to, concurrency }) => {
  const { host, port, database, user, password } = connection;
  const pool = new pg.Pool({ host, port, database, user, password: password ?? "", max: concurrency });
  await pLimit(concurrency).map(schemas, async ({ name, from }) => {
    const client = await pool.connect();
    try {
      await client.query(`SET search_path TO ${name}`);
      const umzug = new Umzug({
        migrations: migrations.slice(0, Math.max(from, to)).map((one) => steps(client, one)),
        storage: table(client),
        logger: undefined,
      });
      if (from > to) await umzug.down({ step: from - to });
      else await umzug.up();
    } finally {
      client.release();
    }
  });
  await pool.end();
});

/** umzug notes a migration after it ran; to have both in one transaction, the note commits. */
function steps(client: pg.ClientBase, { id, up, down }: BenchMigration) {
  const begun = (sql: string) => async () => {
    await client.query("BEGIN");
    await client.query(sql);
  };
  return { name: id, up: begun(up), down: begun(down) };
}

function table(client: pg.ClientBase): UmzugStorage {
  return {
    executed: async () => {
      await client.query("CREATE TABLE IF NOT EXISTS umzug_migration (name text PRIMARY KEY)");
      const { rows } = await client.query<{ name: string }>("SELECT name FROM umzug_migration ORDER BY name");
      return rows.map(({ name }) => name);
    },
    logMigration: async ({ name }) => {
      await client.query("INSERT INTO umzug_migration VALUES ($1)", [name]);
      await client.query("COMMIT");
    },
    unlogMigration: async ({ name }) => {
      await client.query("DELETE FROM umzug_migration WHERE name = $1", [name]);
      await client.query("COMMIT");
    },
  };
}
