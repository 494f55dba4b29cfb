import { expect, it } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { makeProject } from "../../support/project.ts";
import { tenantsQuery } from "./tenants.ts";

const database = useDatabase();
const project = await makeProject({
  connection: database.connection,
  stacks: { prod: { schemasQuery: tenantsQuery(100) } },
  migrations: { "0001_users.up.sql": "CREATE TABLE users (id int);\n" },
});

it("a schema takes less than 100 bytes of the state, its name included", async () => {
  const hundred = await stateOf(100);
  const threeHundred = await stateOf(300);
  const each = (threeHundred - hundred) / 200;
  // Twice: as it is asked for, and at which revision it is. Times in the state are a digit shorter now and then.
  expect(Math.round(each)).toBe('"tenant_0001",'.length * 2);
  expect(each).toBeLessThan(100);
});

async function stateOf(count: number): Promise<number> {
  await project.pulumi("config", "set", "schemasQuery", tenantsQuery(count), "--stack", "prod");
  const { exitCode, output } = await project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");
  expect(exitCode, output).toBe(0);
  return Buffer.byteLength(project.state("prod"));
}
