import { describe, expect, test } from "vitest";
import { read } from "../../src/pulumi/handler.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { migrate } from "../support/migrate.ts";

const { connection, query } = useDatabase();
const history = historyOf({
  "0001_a": "CREATE TABLE a (id int)",
  "0002_b": "CREATE TABLE b (id int)",
  "0003_c": "CREATE TABLE c (id int)",
});
const applied = history.map(({ id }) => id);

/** What a refresh makes of a state in which all these schemas are at head. */
async function refreshed(...schemas: readonly string[]): Promise<unknown> {
  const state = { connection, current: { "0003_c": schemas }, pending: {}, applied, steps: {} };
  const { props } = await read("id", state);
  return props;
}

async function atHead(schema: string): Promise<string> {
  await query(`CREATE SCHEMA ${schema}`);
  await migrate(connection, schema, history);
  return schema;
}

describe("a refresh says where the ledgers say that the schemas are", () => {
  test("where nothing happened, nothing changes", async () => {
    expect(await refreshed(await atHead("same_1"), await atHead("same_2"))).toEqual({
      connection,
      current: { "0003_c": ["same_1", "same_2"] },
      pending: {},
      applied,
      steps: {},
    });
  });

  test("rolled back by hand, emptied, dropped", async () => {
    const [back, emptied, dropped, same] = [
      await atHead("back"),
      await atHead("emptied"),
      await atHead("dropped"),
      await atHead("same"),
    ];
    await query(`DELETE FROM ${back}.migration_ledger WHERE revision = '0003_c'`);
    await query(`DELETE FROM ${emptied}.migration_ledger`);
    await query(`DROP SCHEMA ${dropped} CASCADE`);
    expect(await refreshed(back, emptied, dropped, same)).toMatchObject({
      current: { "0002_b": ["back"], base: ["emptied", "dropped"], "0003_c": ["same"] },
    });
  });

  test("what is not whole is at no revision, so that the next plan looks at it", async () => {
    const [gaps, interrupted] = [await atHead("gaps"), await atHead("interrupted")];
    await query(`DELETE FROM ${gaps}.migration_ledger WHERE revision = '0002_b'`);
    await query(`UPDATE ${interrupted}.migration_ledger SET outcome = 'started' WHERE revision = '0003_c'`);
    expect(await refreshed(gaps, interrupted)).toMatchObject({
      current: { "0003_c (with gaps)": ["gaps"], "0002_b (interrupted)": ["interrupted"] },
    });
  });
});
