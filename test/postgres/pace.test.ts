import { expect, test } from "vitest";
import type { Step } from "../../src/plan/plan.ts";
import { Pace } from "../../src/postgres/pace.ts";
import { noLedger } from "../plan/build.ts";
import { historyOf } from "../support/history.ts";
import { planFor } from "../support/migrate.ts";

const ups = planned({ "0001_a": "SELECT 1", "0002_b": "SELECT 2", "0003_c": "SELECT 3" });

function planned(scripts: Readonly<Record<string, string>>): readonly Step[] {
  return planFor(noLedger(), historyOf(scripts)).steps;
}

/** How many of the steps go together when they took so long the last time, in ms. */
function together(...took: readonly (number | undefined)[]): number {
  const pace = new Pace();
  for (const [index, ms] of took.entries()) {
    const step = ups[index];
    if (step) pace.note(step, ms);
  }
  return pace.together(ups, false);
}

test("steps that no schema has had yet go alone", () => {
  expect(together()).toBe(0);
  expect(together(1)).toBe(1);
});

test("in an empty schema those go together that find nothing to be slow on, until they are known", () => {
  const steps = planned({
    "0001_a": "CREATE TABLE a (id int)",
    "0002_b": "INSERT INTO a VALUES (1)",
    "0003_c": "SELECT pg_sleep(1)",
    "0004_d": "CREATE TABLE d (id int)",
  });
  const [first] = steps;
  const pace = new Pace();
  expect(pace.together(steps, true)).toBe(2);
  expect(pace.together(steps.slice(1), false)).toBe(0);
  expect(pace.together(steps.slice(2), true)).toBe(0);
  if (first) pace.note(first, 5_000);
  expect(pace.together(steps, true)).toBe(0);
  const many = planned(Object.fromEntries(ids(99).map((id) => [id, `CREATE TABLE "${id}" (id int)`])));
  expect(pace.together(many, true)).toBe(25);
});

const ids = (count: number) => Array.from({ length: count }, (_, index) => `${1000 + index}_t`);

test("what only defines goes together from the first schema on, whatever is there", () => {
  const steps = planned({
    "0001_a": "CREATE TABLE a (id int); GRANT SELECT ON a TO someone",
    "0002_b": "DROP TABLE b",
    "0003_c": "ALTER TABLE c ADD CHECK (id > 0)",
  });
  expect(new Pace().together(steps, false)).toBe(2);
});

test("large ones go alone, however quick they were: a message of a million characters is enough", () => {
  const row = `INSERT INTO a VALUES ('${"x".repeat(600_000)}')`;
  const steps = planned({ "0001_a": row, "0002_b": row });
  const pace = new Pace();
  expect(pace.together(steps, true)).toBe(1);
  for (const step of steps) pace.note(step, 1);
  expect(pace.together(steps, true)).toBe(1);
});

test("quick ones go together, up to a quarter of a second in all", () => {
  expect(together(1, 1)).toBe(2);
  expect(together(1, 1, 1)).toBe(3);
  expect(together(100, 100, 100)).toBe(2);
  expect(together(240, 20, 1)).toBe(1);
});

test("a slow one goes alone, and those before it together", () => {
  expect(together(1, 1, 5_000)).toBe(2);
  expect(together(5_000, 1, 1)).toBe(0);
});

test("one that went wrong goes alone, until it went well", () => {
  expect(together(1, undefined, 1)).toBe(1);
  const pace = new Pace();
  for (const step of ups) pace.note(step, undefined);
  for (const step of ups) pace.note(step, 1);
  expect(pace.together(ups, false)).toBe(3);
});
