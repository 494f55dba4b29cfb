import { expect, test } from "vitest";
import { checkWave, tryWave } from "../../src/postgres/check-wave.ts";
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

test("a check of several statements is none, and none of them runs", async () => {
  const check = "select true; commit; create table public.oops (id int)";
  expect(await tried(check)).toMatchInlineSnapshot(
    `"PostgreSQL refused to prepare waveCheck: cannot insert multiple commands into a prepared statement (SQLSTATE 42601)"`,
  );
  const [asked] = await withDatabase(connection, 1, (database) => checkWave(database, check));
  expect(asked).toMatchObject({ code: "server-error", error: { sqlstate: "42601" } });
  expect(await query("SELECT to_regclass('public.oops') AS oops")).toEqual([{ oops: null }]);
});

test("a check can be asked again and again in one session", async () => {
  const answers = await withDatabase(connection, 1, async (database) => [
    await checkWave(database, "select true"),
    await checkWave(database, "select false"),
    await checkWave(database, "select true;"),
  ]);
  expect(answers).toEqual([[], [{ code: "wave-check", query: "select false", answer: "false" }], []]);
});
