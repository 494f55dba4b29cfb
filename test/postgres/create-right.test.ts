import { expect, test } from "vitest";
import { mayNotCreate } from "../../src/postgres/create-right.ts";
import { withDatabase } from "../../src/postgres/database.ts";
import { problemText } from "../../src/problem-text.ts";
import { useDatabase } from "../support/database.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { connection, query } = database;
const role = useRole(database);

async function told(...missing: readonly string[]): Promise<string> {
  const problems = await withDatabase({ ...connection, ...role }, 1, (asRole) => mayNotCreate(asRole, missing));
  return problems.map(problemText).join("\n").replaceAll(role.user, "ROLE").replaceAll(connection.database, "DATABASE");
}

test("a role that may not create what is missing is told, with the grant that lets it", async () => {
  expect(await told()).toBe("");
  expect(await told("one")).toMatchInlineSnapshot(
    `""ROLE" may not create schema one, which is missing. Grant it: GRANT CREATE ON DATABASE "DATABASE" TO "ROLE"."`,
  );
  expect(await told("one", "two")).toMatchInlineSnapshot(
    `""ROLE" may not create schemas one and two, which are missing. Grant it: GRANT CREATE ON DATABASE "DATABASE" TO "ROLE"."`,
  );
  await query(`GRANT CREATE ON DATABASE ${connection.database} TO ${role.user}`);
  expect(await told("one", "two")).toBe("");
});
