import pg from "pg";
import { beforeEach, describe, expect, test } from "vitest";
import { denied, type Resource, succeeded, useRolesProgram } from "./roles-program.ts";

const { database, named, declare, pulumi, deploy, deployAgain, isUpToDate, as } = useRolesProgram();
const databaseName = database.connection.database;
const inShop = { database: databaseName, schema: "shop" };

let reader: string;
let writer: string;
beforeEach(() => {
  reader = named("reader");
  writer = named("Writer");
});

describe("Grant", () => {
  const role = (): Resource => ["Role", { name: reader }];
  const grant = (objectType: string, privileges: readonly string[], more: object = {}): Resource => [
    "Grant",
    { role: reader, ...inShop, objectType, privileges, ...more },
  ];
  const usage = () => grant("schema", ["USAGE"]);

  test("gives the role each kind of privilege, changes it in place, and takes it away", async () => {
    await deploy(
      role(),
      usage(),
      grant("table", ["SELECT", "INSERT"]),
      grant("sequence", ["ALL"]),
      grant("function", ["EXECUTE"]),
      ["Grant", { role: reader, database: databaseName, objectType: "database", privileges: ["CREATE"] }],
    );
    expect(await as(reader, "SELECT id FROM shop.orders")).toEqual([]);
    expect(await as(reader, 'INSERT INTO shop."Odd ""table""" VALUES (1) RETURNING id')).toEqual([1]);
    expect(await as(reader, "DELETE FROM shop.orders")).toBe(denied);
    expect(await as(reader, "SELECT nextval('shop.numbers')")).toEqual(["1"]);
    expect(await as(reader, "SELECT shop.answer()")).toEqual([42]);
    expect(await as(reader, "CREATE SCHEMA mine")).toEqual([]);
    expect(await as(reader, "CREATE TABLE shop.mine()")).toBe(denied);
    await isUpToDate();

    const changed = await deploy(role(), usage(), grant("table", ["DELETE", "SELECT"]));
    expect(changed).toMatch(/1 updated/);
    expect(await as(reader, "SELECT id FROM shop.orders")).toEqual([]);
    expect(await as(reader, "DELETE FROM shop.orders WHERE id = 1")).toEqual([]);
    expect(await as(reader, "INSERT INTO shop.orders VALUES (1)")).toBe(denied);
    expect(await as(reader, "SELECT nextval('shop.numbers')")).toBe(denied);
    expect(await as(reader, "SELECT shop.answer()")).toBe(denied);
    expect(await as(reader, "CREATE SCHEMA mine2")).toBe(denied);
  });

  test("that lost a privilege, or has a new table, or lost its schema, is noticed by a refresh", async () => {
    await deploy(role(), usage(), grant("table", ["SELECT"]));
    await database.query(`REVOKE SELECT ON shop.orders FROM ${pg.escapeIdentifier(reader)}`);
    await database.query("CREATE TABLE shop.later()");
    expect(await deployAgain()).toMatch(/1 updated/);
    expect(await as(reader, "SELECT id FROM shop.orders")).toEqual([]);
    expect(await as(reader, "SELECT FROM shop.later")).toEqual([]);

    await database.query("DROP SCHEMA shop CASCADE");
    succeeded(await pulumi("refresh", "--yes", "--skip-preview"));
    expect(succeeded(await pulumi("stack", "export"))).not.toContain("postgresql:index/grant:Grant");
  });

  test("on named objects leaves the others alone, and is replaced where more than its privileges change", async () => {
    const objects = ['Odd "table"'];
    await deploy(role(), usage(), grant("table", ["SELECT"], { objects }));
    expect(await as(reader, 'SELECT id FROM shop."Odd ""table"""')).toEqual([]);
    expect(await as(reader, "SELECT id FROM shop.orders")).toBe(denied);

    const replaced = await deploy(
      role(),
      usage(),
      grant("table", ["SELECT"], { objects: ["orders"], withGrantOption: true }),
    );
    expect(replaced).toMatch(/1 replaced/);
    expect(await as(reader, 'SELECT id FROM shop."Odd ""table"""')).toBe(denied);
    expect(await as(reader, "GRANT SELECT ON shop.orders TO pg_monitor")).toEqual([]);
  });

  test("to many roles on the same objects at once", async () => {
    const roles = Array.from({ length: 12 }, (_, at) => named(`many${at}`));
    for (const name of roles) await database.query(`CREATE ROLE ${pg.escapeIdentifier(name)}`);
    const many = roles.flatMap((name): Resource[] => [
      ["Grant", { role: name, ...inShop, objectType: "schema", privileges: ["USAGE"] }],
      ["Grant", { role: name, ...inShop, objectType: "table", privileges: ["SELECT"] }],
    ]);
    await deploy(...many);
    for (const name of roles) expect(await as(name, "SELECT id FROM shop.orders")).toEqual([]);
    await deploy();
    for (const name of roles) await database.query(`DROP ROLE ${pg.escapeIdentifier(name)}`); // nothing is left of any
  });
});

test("DefaultPrivileges hold for what the owner makes from then on, and only for that", async () => {
  const roles: Resource[] = [
    ["Role", { name: writer }],
    ["Role", { name: reader }],
  ];
  const schema = (role: string, privilege: string): Resource => [
    "Grant",
    { role, ...inShop, objectType: "schema", privileges: [privilege] },
  ];
  const schemas = [schema(reader, "USAGE"), schema(writer, "CREATE")];
  const defaults = (...privileges: readonly string[]): Resource => [
    "DefaultPrivileges",
    { role: reader, ...inShop, owner: writer, objectType: "table", privileges },
  ];
  await deploy(...roles, ...schemas, defaults("SELECT"));
  await as(writer, "CREATE TABLE shop.first()");
  await database.query(`CREATE SCHEMA elsewhere AUTHORIZATION ${pg.escapeIdentifier(writer)}`);
  await as(writer, `GRANT USAGE ON SCHEMA elsewhere TO ${pg.escapeIdentifier(reader)}`);
  await as(writer, "CREATE TABLE elsewhere.first()");
  await database.query("CREATE TABLE shop.by_other()");
  expect(await as(reader, "SELECT FROM shop.first")).toEqual([]);
  expect(await as(reader, "INSERT INTO shop.first DEFAULT VALUES")).toBe(denied);
  expect(await as(reader, "SELECT FROM shop.by_other")).toBe(denied);
  expect(await as(reader, "SELECT FROM elsewhere.first")).toBe(denied);

  expect(await deploy(...roles, ...schemas, defaults("INSERT"))).toMatch(/1 updated/);
  await as(writer, "CREATE TABLE shop.second()");
  expect(await as(reader, "SELECT FROM shop.second")).toBe(denied);
  expect(await as(reader, "INSERT INTO shop.second DEFAULT VALUES")).toEqual([]);

  const forWriter = `FOR ROLE ${pg.escapeIdentifier(writer)} IN SCHEMA shop`;
  await database.query(
    `ALTER DEFAULT PRIVILEGES ${forWriter} REVOKE INSERT ON TABLES FROM ${pg.escapeIdentifier(reader)}`,
  );
  expect(await deployAgain()).toMatch(/1 created/);

  await deploy(...roles, ...schemas);
  expect(await database.query("SELECT FROM pg_default_acl")).toEqual([]);
});

test("a preview of all of them does not connect to the server", async () => {
  declare(
    [
      ["Role", { name: reader, password: "any" }],
      ["Grant", { role: reader, ...inShop, objectType: "table", privileges: ["SELECT"] }],
      ["DefaultPrivileges", { role: reader, ...inShop, owner: writer, objectType: "table", privileges: ["ALL"] }],
      ["GrantRole", { role: reader, grantRole: writer }],
    ],
    1,
  );
  expect(succeeded(await pulumi("preview"))).toContain("4 to create");
});
