import { describe, expect, it } from "vitest";
import { problemText } from "../src/problem-text.ts";
import { schemaNameProblem } from "../src/schema-name.ts";

describe("a schema of this name can be owned", () => {
  it.each([
    "prod",
    "public",
    "Tenant 7",
    "tenant-7",
    'quo"ted',
    "it's",
    "a;b",
    "ação",
    "1",
    "PG_upper",
    "pgbouncer",
    "x".repeat(63),
    "é".repeat(31),
  ])("%s", (name) => {
    expect(schemaNameProblem(name)).toEqual([]);
  });
});

describe("a schema of this name cannot", () => {
  const refusal = (name: string) => schemaNameProblem(name).map(problemText).join("\n");

  it("one of PostgreSQL's own", () => {
    expect(refusal("pg_catalog")).toMatchInlineSnapshot(
      `"Schema name "pg_catalog": names that begin with pg_ are PostgreSQL's own. Choose another."`,
    );
    expect(refusal("pg_mine")).toMatchInlineSnapshot(
      `"Schema name "pg_mine": names that begin with pg_ are PostgreSQL's own. Choose another."`,
    );
    expect(refusal("$user")).toMatchInlineSnapshot(
      `"Schema name "$user": stands for the role's own schema in a search path, quoted or not. Choose another."`,
    );
    expect(refusal("information_schema")).toMatchInlineSnapshot(
      `"Schema name "information_schema": is PostgreSQL's own. Choose another."`,
    );
  });

  it("longer than PostgreSQL keeps, counted in bytes: two such names could become one", () => {
    expect(refusal("x".repeat(64))).toMatchInlineSnapshot(
      `"Schema name "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": is 64 bytes long; PostgreSQL keeps 63. Shorten it."`,
    );
    expect(refusal("é".repeat(32))).toContain("is 64 bytes long");
  });

  it("an empty one", () => {
    expect(refusal("")).toMatchInlineSnapshot(`"Schema name "": a name cannot be empty."`);
  });

  it("one with a NUL character", () => {
    expect(refusal("a\0b")).toContain("a name cannot hold a NUL character.");
  });
});
