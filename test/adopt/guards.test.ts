import { expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { codeBlocks } from "../support/docs.ts";
import { historyOf } from "../support/history.ts";
import { up, wish } from "../support/migrate.ts";
import { objectsOf } from "../support/objects.ts";

const database = useDatabase();
const [TRAP = "", GUARD = ""] = codeBlocks("coming-from-alembic.md", "sql");

/** The page's guard, and a statement that needs what it guards. */
function guardedBy(guard: string) {
  return wish(historyOf({ "0001_payments": `${guard}\nCREATE TABLE payments (id int, status payment_status);\n` }));
}

async function twoSchemas(prefix: string, guard: string) {
  const names = [`${prefix}_1`, `${prefix}_2`];
  for (const name of names) await database.query(`CREATE SCHEMA ${name}`);
  return up(database.connection, Object.fromEntries(names.map((name) => [name, guardedBy(guard)])), { concurrency: 1 });
}

it("the guards of docs/coming-from-alembic.md: one that looks in the whole database fails in the second schema", async () => {
  const results = await twoSchemas("trap", TRAP);
  expect(results).toMatchObject([
    { schema: "trap_1", to: "0001_payments", problems: [] },
    {
      schema: "trap_2",
      to: "base",
      problems: [{ code: "step-failed", error: { message: 'type "payment_status" does not exist' } }],
    },
  ]);
  await database.query("DROP SCHEMA trap_1 CASCADE; DROP SCHEMA trap_2 CASCADE");
});

it("one that looks in the migrated schema works in each, and where the type is there already", async () => {
  await database.query("CREATE SCHEMA guard_0; CREATE TYPE guard_0.payment_status AS ENUM ('open', 'paid')");
  expect(await up(database.connection, { guard_0: guardedBy(GUARD) })).toMatchObject([{ problems: [] }]);
  const results = await twoSchemas("guard", GUARD);
  expect(results).toMatchObject([{ problems: [] }, { problems: [] }]);
  for (const schema of ["guard_0", "guard_1", "guard_2"])
    expect(await objectsOf(database, schema)).toContain("type payment_status");
});
