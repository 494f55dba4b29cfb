import { expect, test } from "vitest";
import { withDatabase } from "../../src/postgres/database.ts";
import { missingInPath } from "../../src/postgres/search-path.ts";
import { problemText } from "../../src/problem-text.ts";
import { useDatabase } from "../support/database.ts";

const { connection, query } = useDatabase();

async function missing(...searchPath: readonly string[]): Promise<readonly string[]> {
  return (await withDatabase(connection, 1, (database) => missingInPath(database, searchPath))).map(problemText);
}

test("a schema of the search path that is not there is told, which PostgreSQL itself passes over", async () => {
  await query('CREATE SCHEMA extensions; CREATE SCHEMA "Odd Name"');
  expect(await missing()).toEqual([]);
  expect(await missing("extensions", "Odd Name", "public")).toEqual([]);
  expect(await missing("extension", "public", "odd name")).toMatchInlineSnapshot(`
    [
      "config "searchPath": there is no schema "extension", so that scripts find nothing there.",
      "config "searchPath": there is no schema "odd name", so that scripts find nothing there.",
    ]
  `);
});
