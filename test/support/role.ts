import { randomBytes } from "node:crypto";
import { afterAll, beforeAll } from "vitest";
import type { TestDatabase } from "./database.ts";

/** A role that may sign in and nothing else. */
export interface TestRole {
  readonly user: string;
  readonly password: string;
}

/** Makes a role before the file's tests and drops it, with what it owns in the file's database, after them. */
export function useRole({ query }: TestDatabase): TestRole {
  const user = `role_${randomBytes(6).toString("hex")}`;
  const password = randomBytes(12).toString("hex");
  beforeAll(() => query(`CREATE ROLE ${user} LOGIN PASSWORD '${password}'`));
  afterAll(() => query(`DROP OWNED BY ${user}; DROP ROLE ${user}`));
  return { user, password };
}
