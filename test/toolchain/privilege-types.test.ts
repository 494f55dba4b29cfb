import { describe, expect, test } from "vitest";
import { connect } from "../../toolchain/postgresql-plugin/connection.ts";
import { defaultPrivilegesType } from "../../toolchain/postgresql-plugin/default-privileges.ts";
import { grantType } from "../../toolchain/postgresql-plugin/grant.ts";
import { grantRoleType } from "../../toolchain/postgresql-plugin/grant-role.ts";
import type { Properties, ResourceType } from "../../toolchain/postgresql-plugin/resource-type.ts";
import { roleType } from "../../toolchain/postgresql-plugin/role.ts";
import { dropStatements } from "../../toolchain/postgresql-plugin/role-statements.ts";
import { parseSettings } from "../../toolchain/postgresql-plugin/settings.ts";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const check = (type: ResourceType, news: Properties) => type.check("app", {}, news, "a3b0b08ffffff");
const refused = (type: ResourceType, news: Properties) =>
  check(type, news).failures.map(({ property, reason }) => `${property}: ${reason}`);

const grant = { role: "r", database: "d", schema: "s", objectType: "table", privileges: ["SELECT"] };
const defaults = { ...grant, owner: "o" };

describe("Role", () => {
  test("check lists what it defaulted", () => {
    const defaulted = { connectionLimit: -1, encryptedPassword: true, inherit: true, validUntil: "infinity" };
    expect(check(roleType, { login: true }).inputs).toEqual({
      ...defaulted,
      login: true,
      name: "app-a3b0b08",
      __defaults: [...Object.keys(defaulted), "name"].sort(),
    });
  });

  test("check refuses what cannot work, without repeating a password", () => {
    expect(
      refused(roleType, {
        name: "r",
        password: 4711,
        connectionLimit: 1.5,
        statementTimeout: -1,
        roles: ["a", 1],
        searchPaths: ["a, b"],
        encryptedPassword: false,
        encrypted: "yes",
      }),
    ).toMatchInlineSnapshot(`
      [
        ": password is not a possible text",
        "connectionLimit: 1.5 is not a whole number",
        "roles: ["a",1] is not a list of strings",
        "encrypted: this project's stand-in for the plugin of @pulumi/postgresql does not know this input; the official plugin may",
        "statementTimeout: -1 is less than 0",
        "searchPaths: a name in it must not contain ", "",
        "encryptedPassword: this project's stand-in for the plugin of @pulumi/postgresql has no unencrypted passwords, nor has PostgreSQL since 10; the official plugin may",
      ]
    `);
    expect(refused(roleType, { password: "se\0same" })).toEqual([": password is not a possible text"]);
    expect(refused(roleType, { name: unknown, password: unknown, roles: [unknown], login: unknown })).toEqual([]);
  });

  const inputs = { name: "r", connectionLimit: -1, encryptedPassword: true, inherit: true, validUntil: "infinity" };
  const olds = { ...inputs, password: "p", login: false, superuser: false, roles: ["a", "b"], searchPaths: ["x", "y"] };
  const same = { password: "p", roles: ["b", "a"], searchPaths: ["x", "y"] };

  test.each<[object, readonly string[]]>([
    [{}, []],
    [{ login: false, statementTimeout: 0, skipDropRole: false }, []],
    [{ name: "s", login: true, roles: ["a"], password: undefined }, ["name", "password", "login", "roles"]],
    [{ searchPaths: ["y", "x"], skipDropRole: true }, ["searchPaths", "skipDropRole"]],
  ])("diff of %o", (changed, update) => {
    expect(roleType.diff(olds, { ...inputs, ...same, ...changed })).toEqual({ update, replace: [] });
  });
});

test.each<[object, readonly string[]]>([
  [{}, ['REASSIGN OWNED BY "a ""b""" TO CURRENT_USER', 'DROP OWNED BY "a ""b"""', 'DROP ROLE "a ""b"""']],
  [{ skipReassignOwned: true }, ['DROP ROLE "a ""b"""']],
  [{ skipReassignOwned: true, skipDropRole: true }, []],
])("a Role with %o is deleted by %o", (flags, sql) => {
  const connection = connect(parseSettings({}, {})); // only for the name of its database
  expect(dropStatements(connection, { name: 'a "b"', ...flags }).map((statement) => statement.sql)).toEqual(sql);
});

describe("Grant and DefaultPrivileges", () => {
  test("check defaults nothing", () => {
    expect(check(grantType, grant)).toEqual({ inputs: { ...grant, __defaults: [] }, failures: [] });
    expect(check(defaultPrivilegesType, defaults)).toEqual({ inputs: { ...defaults, __defaults: [] }, failures: [] });
  });

  const elsewhere = "this project's stand-in for the plugin of @pulumi/postgresql";
  const types = "database, schema, table, sequence, function";
  const onTable = "DELETE, INSERT, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE, ALL";

  test.each<[object, readonly string[]]>([
    [
      { objectType: "procedure" },
      [`objectType: "procedure" is not one of ${types}: ${elsewhere} has no others; the official plugin may`],
    ],
    [{ columns: ["c"] }, [`columns: ${elsewhere} does not know this input; the official plugin may`]],
    [
      { privileges: ["SELECT", "USAGE", "SELECT TO x; --"] },
      [
        `privileges: "USAGE" is not a privilege on a table: ${onTable} are`,
        `privileges: "SELECT TO x; --" is not a privilege on a table: ${onTable} are`,
      ],
    ],
    [{ privileges: ["ALL", "SELECT"] }, ['privileges: "ALL" stands alone']],
    [
      { objectType: "schema", privileges: ["USAGE"], objects: ["t"] },
      ["objects: there are none to choose from in a grant on a schema"],
    ],
    [
      { objectType: "function", privileges: ["EXECUTE"], objects: ["f(int)"] },
      [`objects: ${elsewhere} takes names of functions without their arguments; the official plugin may`],
    ],
    [{ privileges: "SELECT" }, ['privileges: "SELECT" is not a list of strings']],
    [{ role: "public", withGrantOption: true }, ['withGrantOption: the server has no grant option for "public"']],
  ])("check of a Grant refuses %o", (wrong, reasons) => {
    expect(refused(grantType, { ...grant, ...wrong })).toEqual(reasons);
  });

  test("check refuses a schema that is missing, or one too many", () => {
    const { schema, ...rest } = grant;
    expect(refused(grantType, rest)).toEqual(["schema: it is needed for a grant on a table"]);
    expect(refused(grantType, { ...rest, objectType: "database", privileges: ["CONNECT"] })).toEqual([]);
    const onSchemas = { ...defaults, objectType: "schema", privileges: ["USAGE"] };
    expect(refused(defaultPrivilegesType, onSchemas)).toEqual(["schema: a schema is not in a schema: leave it out"]);
    expect(refused(defaultPrivilegesType, { ...defaults, objectType: "database" }).join()).toContain(
      "is not one of table, sequence, function, routine, type, schema",
    );
  });

  test("unknown values pass the check", () => {
    for (const [type, whole] of [[grantType, grant] as const, [defaultPrivilegesType, defaults] as const]) {
      const values = Object.keys(whole).map((key) => [key, unknown]);
      expect(refused(type, Object.fromEntries(values))).toEqual([]);
      expect(refused(type, { ...whole, privileges: [unknown] })).toEqual([]);
    }
  });

  test("only other privileges update, all else replaces", () => {
    const other = { privileges: ["INSERT"], role: "x", database: "x", schema: "x", objectType: "sequence" };
    const replace = ["role", "database", "schema", "objectType"];
    expect(grantType.diff(grant, { ...grant, ...other, objects: ["t"], withGrantOption: true })).toEqual({
      update: ["privileges"],
      replace: [...replace, "objects", "withGrantOption"],
    });
    expect(defaultPrivilegesType.diff(defaults, { ...defaults, ...other, owner: "x", withGrantOption: true })).toEqual({
      update: ["privileges"],
      replace: ["role", "database", "schema", "owner", "objectType", "withGrantOption"],
    });
    const reordered = { ...grant, privileges: ["SELECT", "DELETE"], objects: ["b", "a"], withGrantOption: false };
    expect(grantType.diff({ ...grant, privileges: ["DELETE", "SELECT"], objects: ["a", "b"] }, reordered)).toEqual({
      update: [],
      replace: [],
    });
  });
});

test("GrantRole is replaced with any change", () => {
  const olds = { role: "r", grantRole: "g", withAdminOption: false };
  expect(check(grantRoleType, { role: "r", grantRole: "g" })).toEqual({
    inputs: { role: "r", grantRole: "g", __defaults: [] },
    failures: [],
  });
  expect(grantRoleType.diff(olds, { role: "r", grantRole: "g" })).toEqual({ update: [], replace: [] });
  expect(grantRoleType.diff(olds, { role: "x", grantRole: "x", withAdminOption: true }).replace).toEqual(
    Object.keys(olds),
  );
});
