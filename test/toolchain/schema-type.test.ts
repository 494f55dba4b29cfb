import { describe, expect, test } from "vitest";
import { schemaType } from "../../toolchain/postgresql-plugin/schema.ts";
import { checkSettings, parseSettings } from "../../toolchain/postgresql-plugin/settings.ts";

const randomHex = "a3b0b08ffffff";

describe("Schema check", () => {
  const check = (news: object, olds: object = {}) => schemaType.check("tenant", { ...olds }, { ...news }, randomHex);

  test("lists what it defaulted", () => {
    expect(check({ name: "a" }).inputs).toEqual({ name: "a", ifNotExists: true, __defaults: ["ifNotExists"] });
  });

  test("makes up a name once and keeps it", () => {
    const first = check({ ifNotExists: false }).inputs;
    expect(first).toEqual({ name: "tenant-a3b0b08", ifNotExists: false, __defaults: ["name"] });
    expect(check({}, { ...first, name: "tenant-0000000" }).inputs.name).toBe("tenant-0000000");
    expect(check({}, { name: "given", __defaults: [] }).inputs.name).toBe("tenant-a3b0b08");
  });

  test("reports all wrong inputs together and lets unknown values pass", () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    expect(check({ name: 7, dropCascade: unknown, policies: [] }).failures).toEqual([
      { property: "name", reason: "7 is not a string" },
      {
        property: "policies",
        reason:
          "this project's stand-in for the plugin of @pulumi/postgresql does not know this input; the official plugin may",
      },
    ]);
  });
});

describe("Schema diff", () => {
  const olds = { name: "a", database: "db", owner: "o", ifNotExists: true, dropCascade: false };
  const inputs = { name: "a", ifNotExists: true };

  test.each([
    [{}, { update: [], replace: [] }],
    [
      { database: "db", owner: "o", dropCascade: false },
      { update: [], replace: [] },
    ],
    [
      { name: "b", owner: "p", dropCascade: true },
      { update: ["name", "owner", "dropCascade"], replace: [] },
    ],
    [{ ifNotExists: false }, { update: ["ifNotExists"], replace: [] }],
    [{ database: "other" }, { update: [], replace: ["database"] }],
  ])("of %o", (changed, changes) => {
    expect(schemaType.diff(olds, { ...inputs, ...changed })).toEqual(changes);
  });

  test("leaving dropCascade out again is a change, for the state decides at delete", () => {
    expect(schemaType.diff({ ...olds, dropCascade: true }, inputs).update).toEqual(["dropCascade"]);
  });
});

describe("provider settings", () => {
  test("default to the official plugin's, TLS required", () => {
    expect(parseSettings({}, {})).toEqual({
      host: "127.0.0.1",
      port: 5432,
      database: "postgres",
      username: "postgres",
      password: undefined,
      sslmode: "require",
      connectTimeoutSeconds: 180,
      maxConnections: 20,
    });
  });

  test("given ones win over the PG* variables", () => {
    const env = { PGHOST: "from-env", PGPORT: "1", PGSSLMODE: "disable" };
    expect(parseSettings({ host: "given" }, env)).toMatchObject({ host: "given", port: 1, sslmode: "disable" });
  });

  test("that cannot work fail in the preview", () => {
    expect(
      checkSettings({ port: "x", sslmode: "off", host: "/run/postgresql", password: "secret" }),
    ).toMatchInlineSnapshot(`
      [
        {
          "property": "port",
          "reason": ""x" is not a whole number",
        },
        {
          "property": "sslmode",
          "reason": ""off" is not one of disable, require, verify-ca, verify-full",
        },
        {
          "property": "host",
          "reason": ""/run/postgresql" is the folder of a Unix socket, which @pulumi/postgresql cannot use: give a host name or address",
        },
      ]
    `);
  });
});
