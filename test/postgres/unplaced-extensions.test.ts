import { beforeAll, describe, expect, it } from "vitest";
import { newExtensions } from "../../src/plan/new-extensions.ts";
import { unplacedExtensions } from "../../src/postgres/unplaced-extensions.ts";
import { problemText } from "../../src/problem-text.ts";
import { ledgerOf, plan } from "../plan/build.ts";
import { useDatabase } from "../support/database.ts";
import { historyOf } from "../support/history.ts";
import { withSession } from "../support/migrate.ts";

const database = useDatabase();

/** What is refused of scripts that would run for some schemas. */
const refused = async (scripts: readonly string[], schemas = ["play1", "play2"]): Promise<string> => {
  const history = historyOf(Object.fromEntries(scripts.map((sql, index) => [`000${index + 1}_x`, sql])));
  const plans = schemas.map((schema) => plan({ ledger: ledgerOf([], schema), history }));
  const problems = await withSession(database.connection, (client) => unplacedExtensions(client, newExtensions(plans)));
  return problems.map(problemText).join("\n");
};

describe("an extension that a fleet's script makes", () => {
  beforeAll(() => database.query("CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions"));

  it("is refused without a schema: it would be in the first one's", async () => {
    expect(await refused(["SELECT 1;\nCREATE EXTENSION IF NOT EXISTS hstore"])).toMatchInlineSnapshot(`
      "migrations/0001_x.up.sql:2: "CREATE EXTENSION IF NOT EXISTS hstore" would make the extension in the schema that comes first, where the others do not find it. Give it a schema of its own:
        CREATE SCHEMA IF NOT EXISTS extensions;
        CREATE EXTENSION IF NOT EXISTS hstore SCHEMA extensions;
      and let scripts find it there: pulumi config set --path 'searchPath[0]' extensions
      Where the script is applied elsewhere and has to stay, run these two by hand, once."
    `);
  });

  it.each([
    ["it says where", ["CREATE EXTENSION IF NOT EXISTS hstore SCHEMA extensions"]],
    [
      "an earlier script said where",
      ["CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA extensions", "CREATE EXTENSION IF NOT EXISTS hstore"],
    ],
    ["it is there already, wherever", ["CREATE EXTENSION IF NOT EXISTS citext"]],
    ["it says itself where it belongs", ["DROP EXTENSION IF EXISTS plpgsql; CREATE EXTENSION IF NOT EXISTS plpgsql"]],
  ])("is made where %s", async (_, scripts) => {
    expect(await refused(scripts)).toBe("");
  });

  it("is refused where it is there, and dropped before", async () => {
    expect(await refused(["DROP EXTENSION IF EXISTS citext; CREATE EXTENSION IF NOT EXISTS citext"])).toContain(
      "SCHEMA extensions",
    );
  });

  it("is made in a schema that is alone", async () => {
    expect(await refused(["CREATE EXTENSION hstore"], ["shop"])).toBe("");
  });
});
