import { beforeAll, describe, expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { errorsIn, makeProject } from "../support/project.ts";
import { MIGRATIONS } from "./fleets/tenants.ts";

const database = useDatabase();
const { query } = database;
const AS_DECLARED = { early: { schemas: ["acme", "beta"] }, late: { schemas: ["zeta"] } };
const project = await makeProject({
  connection: database.connection,
  stacks: { dev: { onDestroy: "drop", fleets: AS_DECLARED } },
  migrations: MIGRATIONS,
});

const configure = (config: Readonly<Record<string, unknown>>) => project.configure("dev", config);
const preview = () => project.pulumi("preview", "--stack", "dev");
const run = (...args: readonly string[]) => project.pulumi(...args, "--yes", "--skip-preview", "--stack", "dev");
/** The schemas that Pulumi is said to drop. */
const dropsTold = (output: string) =>
  [...errorsIn(output).matchAll(/^warning: DROPS (.*), with all/gm)]
    .flatMap(([, names = ""]) => names.split(", "))
    .sort();
const existing = async () =>
  (
    await query<{ name: string }>(
      "SELECT nspname AS name FROM pg_namespace WHERE nspname ~ '^(acme|beta|zeta)$' ORDER BY 1",
    )
  )
    .map(({ name }) => name)
    .join(" ");

beforeAll(async () => {
  const { exitCode, output } = await run("up");
  expect(exitCode, output).toBe(0);
});

describe("onDestroy: drop", () => {
  it.each([
    ["from its name to a pattern", { early: { schemas: ["beta", "acm*"] }, late: { schemas: ["zeta"] } }],
    ["over to another fleet", { early: { schemas: ["beta"] }, late: { schemas: ["zeta", "acme"] } }],
    ["with its fleet to another name", { first: { schemas: ["acme", "beta"] }, late: { schemas: ["zeta"] } }],
  ])("refuses to drop a schema that goes %s", async (_, fleets) => {
    for (const onDestroy of ["drop", "retain"]) {
      configure({ onDestroy, fleets });
      const { exitCode, output } = await preview();
      expect(exitCode).not.toBe(0);
      expect(errorsIn(output)).toContain('Schema "acme" would be dropped, though');
    }
    expect((await run("up")).exitCode).not.toBe(0);
    expect(await existing()).toBe("acme beta zeta");
  });

  it("lets it go where an up said so before", async () => {
    configure({ onDestroy: "retain", fleets: AS_DECLARED });
    expect((await run("up")).exitCode).toBe(0);
    configure({ onDestroy: "drop", fleets: { early: { schemas: ["beta", "acm*"] }, late: { schemas: ["zeta"] } } });
    const { exitCode, output } = await run("up");
    expect(exitCode, output).toBe(0);
    expect(await existing()).toBe("acme beta zeta");
  });

  it.each([
    ["is gone from the config", { early: { schemas: ["beta", "acm*"] } }, ["zeta"]],
    [
      "has another name, and not that schema",
      { early: { schemas: ["beta", "acm*"] }, last: { schemas: ["eta"] } },
      ["zeta"],
    ],
    ["is gone, and another one's leaves its list", { early: { schemas: ["acm*"] } }, ["beta", "zeta"]],
  ])("tells in a preview what is dropped where its fleet %s", async (_, fleets, schemas) => {
    configure({ onDestroy: "drop", fleets });
    expect(dropsTold((await preview()).output)).toEqual(schemas);
    expect(await existing()).toBe("acme beta zeta");
  });

  it("drops one that nobody owns any more", async () => {
    configure({ onDestroy: "drop", fleets: { early: { schemas: ["acm*"] }, late: { schemas: ["zeta"] } } });
    const warning = "warning: DROPS beta, with all that is there: onDestroy was drop.";
    expect(errorsIn((await preview()).output)).toContain(warning);
    const { exitCode, output } = await run("up");
    expect(exitCode, output).toBe(0);
    expect(errorsIn(output)).toContain(warning);
    expect(await existing()).toBe("acme zeta");
  });

  it("drops on destroy what is listed by name, for which Pulumi wants to run the program", async () => {
    const refused = await run("destroy");
    expect(refused.exitCode).not.toBe(0);
    expect(errorsIn(refused.output)).toMatchInlineSnapshot(`
      "error: Resource has delete hooks registered, but the program is not running. Hooks: still-owned
      error: You must run with the \`--run-program\` flag to use delete hooks during destroy."
    `);
    expect(await existing()).toBe("acme zeta");
    const { exitCode, output } = await run("destroy", "--run-program");
    expect(exitCode, output).toBe(0);
    expect(dropsTold(output)).toEqual(["zeta"]);
    expect(await existing()).toBe("acme");
  });
});
