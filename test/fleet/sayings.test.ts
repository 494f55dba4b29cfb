import { describe, expect, it, test } from "vitest";
import { Sayings } from "../../src/fleet/sayings.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { planned, up, wish } from "../support/migrate.ts";

const database = useDatabase();
const { connection, query } = database;

describe("what scripts say", () => {
  it("is told once, with the schemas in which it was said", () => {
    const sayings = new Sayings();
    expect(`${sayings}`).toBe("");
    for (let tenant = 0; tenant < 50; tenant += 1) sayings.note(`tenant_${tenant}`, "NOTICE: all is well");
    for (const schema of ["a", "b", "a"]) sayings.note(schema, "WARNING: 2 rows\nleft alone");
    expect(`${sayings}`).toMatchInlineSnapshot(`
      "Said by the scripts:
        50 schemas (tenant_0, tenant_1, tenant_2, …): NOTICE: all is well
        a, b: WARNING: 2 rows
        left alone"
    `);
  });

  it("is bounded, in number and in length", () => {
    const sayings = new Sayings();
    for (let row = 0; row < 1_000; row += 1) sayings.note("prod", `NOTICE: row ${row} ${"x".repeat(1_000)}`);
    const lines = `${sayings}`.split("\n");
    expect(lines).toHaveLength(22);
    expect(lines.at(-1)).toBe("  … and 980 more");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(320);
  });
});

const script = `DO $$ BEGIN RAISE NOTICE '% rows left alone', 3; END $$;
  CREATE TABLE IF NOT EXISTS t (id int); CREATE TABLE IF NOT EXISTS t (id int); DROP TABLE IF EXISTS missing;`;

async function heard(schema: string, scripts: Readonly<Record<string, string>>): Promise<readonly string[]> {
  await query(`CREATE SCHEMA ${schema}`);
  const said: string[] = [];
  const wishes = await planned(connection, { [schema]: wish(historyOf(scripts)) });
  await up(connection, wishes, { onSaid: (name, text) => void said.push(`${name} ${text}`) });
  return said;
}

test("a script's own words are heard, in a message of several steps, outside a transaction, and before a failure; the server's are not", async () => {
  expect(await heard("together", { "0001_a": script, "0002_b": script })).toEqual(
    Array(2).fill("together NOTICE: 3 rows left alone"),
  );
  const alone = "DO $$ BEGIN RAISE WARNING USING MESSAGE = 'slow', ERRCODE = 'P0007'; END $$;";
  expect(await heard("alone", { "0001_a": `-- migrate:no-transaction\n${alone}` })).toEqual(["alone WARNING: slow"]);
  expect(await heard("fails", { "0001_a": `${alone} SELECT 1/0;` })).toContain("fails WARNING: slow");
});
