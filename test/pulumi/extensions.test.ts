import { beforeAll, describe, expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { makeProject } from "../support/project.ts";

const database = useDatabase();
const { query } = database;
const project = await makeProject({
  connection: database.connection,
  stacks: { fleet: ["play1", "play2"] },
  migrations: { "0001_drop.up.sql": "DROP EXTENSION IF EXISTS hstore CASCADE;\n" },
});

const preview = () => project.pulumi("preview", "--stack", "fleet");

describe("an extension, which all schemas share", () => {
  beforeAll(() =>
    query(
      "CREATE SCHEMA extensions; CREATE EXTENSION hstore SCHEMA extensions; CREATE SCHEMA shop; CREATE TABLE shop.things (attrs extensions.hstore)",
    ),
  );

  it("warns in a preview where it is dropped with columns of other schemas", async () => {
    const { output } = await preview();
    expect(output).toMatch(
      /warning: .*drops extension "hstore" for every schema of the database, and what depends on it: column shop\.things\.attrs\./,
    );
  });
});
