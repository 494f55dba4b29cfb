import { describe, expect, it } from "vitest";
import { findFleets } from "../../src/config/find-fleets.ts";
import { refusePlainSecrets } from "../../src/config/plain-secrets.ts";
import { parseConfig } from "../../src/config.ts";
import { problemText } from "../../src/problem-text.ts";
import { rolesOf } from "../../src/role-name.ts";
import { refused } from "../history/refused.ts";
import { problemsOf } from "../support/migrate.ts";

type Values = Parameters<typeof parseConfig>[0];

const parse = (values: Values) => parseConfig({ schemas: ["dev", "prod"], host: "db", ...values }, {});
const refusal = (values: Values) => refused(() => parse(values));

describe("the roles of a stack", () => {
  it("are none where the config says nothing", () => {
    const { owner, app, rolePasswords } = parse({ owner: "", app: "", rolePasswords: "{}" });
    expect({ owner, app, rolePasswords }).toEqual({ owner: undefined, app: undefined, rolePasswords: {} });
    expect(rolesOf(["dev"], { owner, app })).toEqual([{ schema: "dev" }]);
  });

  it("have the schema's name in theirs where {schema} stands, as often as it does, whatever it is", () => {
    expect(rolesOf(["dev", "$&"], { owner: "{schema}_{schema}", app: "web" })).toEqual([
      { schema: "dev", owner: "dev_dev", app: "web" },
      { schema: "$&", owner: "$&_$&", app: "web" },
    ]);
  });

  it("may have any name, and passwords", () => {
    const name = 'a"; drop schema prod; --';
    const passwords = { [`${name} app`]: "s3cret" };
    const config = parse({ schemas: [name], owner: "{schema}", app: "{schema} app", rolePasswords: passwords });
    expect(config.rolePasswords).toEqual(passwords);
    expect(parse({ owner: "o", app: "a", rolePasswords: '{"a": "s3cret"}' }).rolePasswords).toEqual({ a: "s3cret" });
  });

  it("have names that PostgreSQL would take, neither cut nor with another meaning", () => {
    expect(refusal({ owner: "pg_{schema}", app: "public" })).toMatchInlineSnapshot(`
      "config "owner": role name "pg_dev": names that begin with pg_ are PostgreSQL's own. Choose another.
      config "owner": role name "pg_prod": names that begin with pg_ are PostgreSQL's own. Choose another.
      config "app": role name "public": is PostgreSQL's own. Choose another."
    `);
    expect(refusal({ schemas: ["ü".repeat(29)], owner: "{schema}_owner", app: "{schema}_app" })).toMatchInlineSnapshot(
      `"config "owner": role name "üüüüüüüüüüüüüüüüüüüüüüüüüüüüü_owner": is 64 bytes long; PostgreSQL keeps 63. Shorten it."`,
    );
  });

  it("are two for each schema, and neither is who migrates", () => {
    expect(refusal({ owner: "{schema}", app: "{schema}" })).toMatchInlineSnapshot(`
      "config "app": role name "dev": is an owner as well. Two roles are needed.
      config "app": role name "prod": is an owner as well. Two roles are needed."
    `);
    expect(refusal({ schemas: ["a", "a_app"], owner: "{schema}", app: "{schema}_app" })).toMatchInlineSnapshot(
      `"config "app": role name "a_app": is an owner as well. Two roles are needed."`,
    );
    expect(refusal({ user: "deployer", owner: "deployer" })).toMatchInlineSnapshot(
      `"config "owner": role name "deployer": is who signs in to migrate. The program makes roles of its own: choose another."`,
    );
    expect(refusal({ app: "{schema}_app" })).toMatchInlineSnapshot(
      `"config "app": got "{schema}_app" without an owner, wants owner as well: what the application may use belongs to the owner, the ledger does not. Set it: pulumi config set owner '{schema}_owner'."`,
    );
  });
});

describe("fleets", () => {
  it("may share an owner in all schemas, found or listed; an application wants them listed", () => {
    expect(parse({ schemas: ["tenant_*"], owner: "tenants_owner" }).owner).toBe("tenants_owner");
    expect(refusal({ schemas: ["tenant_*"], owner: "o", app: "{schema}_app" })).toMatchInlineSnapshot(
      `"config "app": got "{schema}_app" with schemas that are found by a pattern or a query, wants schemas listed by name: the program declares the roles' rights, a resource each. List them, or remove it: pulumi config rm app."`,
    );
    expect(refusal({ schemas: [], schemasQuery: "SELECT 1", owner: "pg_x" })).toMatchInlineSnapshot(
      `"config "owner": role name "pg_x": names that begin with pg_ are PostgreSQL's own. Choose another."`,
    );
  });

  it("have roles of their own: two cannot make the same one on one server", async () => {
    const fleets = { a: { schemas: ["x"], database: "one" }, b: { schemas: ["x"], database: "two" } };
    const problems = await problemsOf(findFleets({ fleets, host: "db", owner: "{schema}_owner" }, {}));
    expect(problems.map(problemText).join("\n")).toMatchInlineSnapshot(
      `"config "fleets.b": role name "x_owner": fleet "a" has it on the same server. Give each fleet names of its own."`,
    );
    const apart = { ...fleets, b: { ...fleets.b, owner: "{schema}_owner_two" } };
    expect(await findFleets({ fleets: apart, host: "db", owner: "{schema}_owner" }, {})).toHaveLength(2);
  });
});

describe("the roles' passwords", () => {
  it("belong to roles of the stack and are not empty", () => {
    expect(refusal({ rolePasswords: { prod_app: "hunter2" } })).toMatchInlineSnapshot(
      `"config "rolePasswords.prod_app": got a role that is not in this stack, wants owner or app to be set. Remove it: pulumi config rm --path 'rolePasswords.prod_app'."`,
    );
    expect(
      refusal({ owner: "o", app: "{schema}_app", rolePasswords: { 'pord"app': "hunter2", prod_app: "" } }),
    ).toMatchInlineSnapshot(`
      "config "rolePasswords.pord"app": got a role that is not in this stack, wants one of o, dev_app, prod_app. Remove it: pulumi config rm --path 'rolePasswords["pord\\"app"]'.
      config "rolePasswords.prod_app": got an empty text, wants a password. Set it: pulumi config set --secret --path 'rolePasswords.prod_app'."
    `);
  });

  it("are in no message", () => {
    for (const rolePasswords of ["hunter2", ["hunter2"], { prod_app: { hunter2: "hunter2" } }, '{"x": ["hunter2"]}']) {
      expect(refusal({ owner: "o", app: "{schema}_app", rolePasswords })).not.toContain("hunter2");
    }
    expect(refusal({ rolePasswords: { prod_app: 1 } })).toMatchInlineSnapshot(
      `"config "rolePasswords.prod_app": got a secret, wants passwords by role. Set it: pulumi config set --secret --path 'rolePasswords.prod_app'."`,
    );
  });

  it("in plain text are refused, also where only one of them is", () => {
    const values = { rolePasswords: '{"dev_app":"hunter1","prod_app":"hunter2"}' };
    const file = "config:\n  p:rolePasswords:\n    dev_app:\n      secure: v1:x\n    prod_app: hunter2\n";
    expect(refused(() => refusePlainSecrets(values, []))).toMatchInlineSnapshot(
      `"config "rolePasswords": got a value in plain text, wants an encrypted one. Set it again: pulumi config set --secret --path 'rolePasswords.ROLE'. The old value is in the file's history: change it on the server."`,
    );
    expect(refused(() => refusePlainSecrets(values, ["rolePasswords"], file, "p"))).toMatchInlineSnapshot(
      `"config "rolePasswords.prod_app": got a value in plain text, wants an encrypted one. Set it again: pulumi config set --secret --path 'rolePasswords.prod_app'. The old value is in the file's history: change it on the server."`,
    );
    const encrypted = file.replace("hunter2", "{ secure: v1:y }");
    expect(() => refusePlainSecrets(values, ["rolePasswords"], encrypted, "p")).not.toThrow();
    expect(() => refusePlainSecrets({ rolePasswords: "{}" }, [])).not.toThrow();
  });
});
