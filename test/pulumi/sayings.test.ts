import { expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { makeProject } from "../support/project.ts";

const database = useDatabase();
const project = await makeProject({
  connection: database.connection,
  stacks: { prod: ["one", "two"] },
  migrations: {
    "0001_fill.up.sql":
      "DO $$ BEGIN RAISE NOTICE 'filled % rows', 17; RAISE WARNING 'left alone in %', current_schema; END $$;\n",
  },
});

it("what scripts say by RAISE is told behind an up", async () => {
  const { output } = await project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");
  expect(output).toContain("Said by the scripts:\n");
  expect(output).toMatch(/^ +(one, two|two, one): NOTICE: filled 17 rows$/m);
  expect(output).toMatch(/^ +two: WARNING: left alone in two$/m);
});
