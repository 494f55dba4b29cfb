import { expect, test } from "vitest";
import { tryWave } from "../../src/postgres/check-wave.ts";
import { withDatabase } from "../../src/postgres/database.ts";
import { problemText } from "../../src/problem-text.ts";
import { useDatabase } from "../support/database.ts";

const { connection, query } = useDatabase();

async function tried(check: string | undefined): Promise<string> {
  const problems = await withDatabase(connection, 1, (database) => tryWave(database, check));
  return problems.map(problemText).join("\n");
}

test("a check that asks for what is not there is told before any wave, and not run", async () => {
  await query("CREATE TABLE public.site (healthy boolean); CREATE SEQUENCE public.calls");
  expect(await tried("select healthy from public.site;")).toBe("");
  expect(await tried("select nextval('public.calls') > 0 -- each call counts")).toBe("");
  expect(await query("SELECT is_called FROM public.calls")).toEqual([{ is_called: false }]);
  expect(await tried(undefined)).toBe("");
  expect(await tried("select healty from public.site")).toMatchInlineSnapshot(`
    "PostgreSQL refused to prepare waveCheck: column "healty" does not exist (SQLSTATE 42703)
      Hint: Perhaps you meant to reference the column "site.healthy"."
  `);
});
