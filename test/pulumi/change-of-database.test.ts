import { beforeAll, describe, expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { errorsIn, makeProject } from "../support/project.ts";
import { MIGRATIONS } from "./fleets/tenants.ts";

const old = useDatabase();
const next = useDatabase();
const atOld = { database: old.connection.database, schemas: ["acme", "beta"] };
const atNext = { database: next.connection.database, schemas: ["acme"] };
const project = await makeProject({
  connection: old.connection,
  stacks: { dev: { onDestroy: "drop", ...atOld } },
  migrations: MIGRATIONS,
});

const preview = () => project.pulumi("preview", "--stack", "dev");
const up = () => project.pulumi("up", "--yes", "--skip-preview", "--stack", "dev");
const users = () => old.query("SELECT email FROM acme.users");
const schemasOf = async ({ query }: typeof old) =>
  (await query<{ name: string }>("SELECT nspname AS name FROM pg_namespace WHERE nspname ~ '^(acme|beta)$' ORDER BY 1"))
    .map(({ name }) => name)
    .join(" ");

beforeAll(async () => {
  const { exitCode, output } = await up();
  expect(exitCode, output).toBe(0);
  await old.query("INSERT INTO acme.users VALUES (1, 'ana')");
});

describe("onDestroy: drop, and a fleet that goes to another database", () => {
  it("replaces and drops nothing where only the host changes", async () => {
    project.configure("dev", { onDestroy: "drop", ...atOld, host: "localhost" });
    const { exitCode, output } = await preview();
    expect(exitCode, output).toBe(0);
    expect(output).toContain("migrations-server update [diff: ~host]");
    expect(output).not.toMatch(/delete|replace|DROPS/);
  });

  it.each(["drop", "retain"])(
    "is refused, in the preview already, whatever is asked for now: %s",
    async (onDestroy) => {
      project.configure("dev", { onDestroy, ...atNext });
      const { exitCode, output } = await preview();
      expect(exitCode).not.toBe(0);
      expect(errorsIn(output)).toContain(
        `Schema "acme" of database "${old.connection.database}" would be dropped, since "migrations" is now at`,
      );
      expect((await up()).exitCode).not.toBe(0);
      expect(await schemasOf(old)).toBe("acme beta");
      expect(await schemasOf(next)).toBe("");
    },
  );

  it("goes on as before where the connection is put back", async () => {
    project.configure("dev", { onDestroy: "drop", ...atOld });
    const { exitCode, output } = await up();
    expect(exitCode, output).toBe(0);
    expect(await users()).toEqual([{ email: "ana" }]);
  });

  it("leaves behind what an up has let go of", async () => {
    project.configure("dev", { onDestroy: "retain", ...atOld });
    expect((await up()).exitCode).toBe(0);
    project.configure("dev", { onDestroy: "drop", ...atNext });
    const { exitCode, output } = await up();
    expect(exitCode, output).toBe(0);
    expect(await schemasOf(next)).toBe("acme");
    expect(await schemasOf(old)).toBe("acme beta");
    expect(await users()).toEqual([{ email: "ana" }]);
  });

  it("drops from then on where it is now", async () => {
    const { exitCode, output } = await project.pulumi(
      "destroy",
      "--run-program",
      "--yes",
      "--skip-preview",
      "--stack",
      "dev",
    );
    expect(exitCode, output).toBe(0);
    expect(await schemasOf(next)).toBe("");
    expect(await schemasOf(old)).toBe("acme beta");
  });
});
