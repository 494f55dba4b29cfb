import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { planned, up, wish } from "../support/migrate.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { connection, query } = database;
const role = useRole(database);
const limited = { ...connection, user: role.user, password: role.password };
const slow = wish(historyOf({ "0001_a": "CREATE TABLE a (id int); SELECT pg_sleep(0.5)" }));

/** Wishes of eight schemas that are planned already, as a run gets them. */
async function eight(prefix: string) {
  const names = Array.from({ length: 8 }, (_, index) => `${prefix}_${index}`);
  for (const name of names) await query(`CREATE SCHEMA ${name} AUTHORIZATION ${role.user}`);
  return planned(limited, Object.fromEntries(names.map((name) => [name, slow])));
}

async function whileLimited<T>(limit: number, callback: () => Promise<T>): Promise<T> {
  await query(`ALTER ROLE ${role.user} CONNECTION LIMIT ${limit}`);
  try {
    return await callback();
  } finally {
    await query(`ALTER ROLE ${role.user} CONNECTION LIMIT -1`);
  }
}

test("where the server grants fewer sessions than schemas go at once, the run goes on with those that are there", async () => {
  const wishes = await eight("few");
  const results = await whileLimited(3, () => up(limited, wishes, { concurrency: 4, recoveryMs: 1_000 }));
  expect(results.map(({ to, problems }) => [to, problems])).toEqual(Array(8).fill(["0001_a", []]));
});

test("where there is none at all it is waited for, as a server is that was lost, and no longer", async () => {
  const wishes = await eight("none");
  const began = performance.now();
  const options = { concurrency: 1, recoveryMs: 500, onFailure: "continue" } as const;
  const results = await whileLimited(0, () => up(limited, wishes, options));
  // The others would wait in vain as well.
  expect(results).toMatchObject([{ schema: "none_0", to: "base", problems: [{ code: "no-session" }] }]);
  expect(performance.now() - began).toBeGreaterThan(500);
});

test("one that comes free meanwhile is taken", async () => {
  const wishes = await eight("later");
  const results = await whileLimited(0, () => {
    setTimeout(() => void query(`ALTER ROLE ${role.user} CONNECTION LIMIT -1`), 1_000);
    return up(limited, wishes, { concurrency: 2 });
  });
  expect(results.filter(({ to }) => to === "0001_a")).toHaveLength(8);
});
