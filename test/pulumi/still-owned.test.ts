import { describe, expect, it } from "vitest";
import { problemText } from "../../src/problem-text.ts";
import { type Dropped, type Owner, stillOwned } from "../../src/pulumi/still-owned.ts";

const CONNECTION = { host: "db1", port: 5432, database: "app", user: "deploy", sslmode: "disable" } as const;

function fleet(name: string, given: Partial<Owner>): Owner {
  return { name, connection: CONNECTION, listed: [], schemas: [], excluded: [], ...given };
}

/** Listed by name, as `onDestroy: drop` needs it. */
function listing(name: string, ...schemas: readonly string[]): Owner {
  return fleet(name, { listed: schemas, schemas });
}

const acme: Dropped = { kind: "schema", name: "acme", database: "app", resource: "tenants-acme" };
const dropped = (fleets: readonly Owner[], what: Dropped = acme) => stillOwned(fleets, what);

describe("a schema that Pulumi would drop is refused", () => {
  it("where a pattern finds it now", () => {
    const problem = dropped([fleet("tenants", { schemas: ["acme", "zeta"] })]);
    expect(problem && problemText(problem)).toMatchInlineSnapshot(
      `"Schema "acme" would be dropped, though "tenants" goes on owning it: it was declared with onDestroy: drop, and is no more. Put back what you changed, set onDestroy to retain and run pulumi up, which lets go of it; then change it."`,
    );
  });

  it("where it is excluded from what a pattern finds", () => {
    expect(dropped([fleet("tenants", { excluded: ["acme"] })])).toMatchObject({ fleet: "tenants" });
  });

  it("where it went over to another fleet of its database", () => {
    expect(dropped([listing("tenants", "zeta"), listing("late", "acme")])).toMatchObject({ fleet: "late" });
  });

  it("where its fleet has another name now", () => {
    expect(dropped([listing("customers", "acme")])).toMatchObject({ fleet: "customers" });
  });
});

describe("a schema that its fleet leaves behind in another database", () => {
  const elsewhere = { connection: { ...CONNECTION, database: "app2" } };

  it("is refused where the fleet goes on listing its name", () => {
    const problem = dropped([{ ...listing("tenants", "acme"), ...elsewhere }]);
    expect(problem && problemText(problem)).toMatchInlineSnapshot(
      `"Schema "acme" of database "app" would be dropped, since "tenants" is now at db1:5432/app2: it was declared with onDestroy: drop, and a change of the connection drops nothing. Put the connection back; to leave the schema behind as it is, then set onDestroy to retain and run pulumi up, which lets go of it, before you change the connection."`,
    );
  });

  it("is refused where its name left the list as well, or a pattern finds it", () => {
    const refusal = { code: "left-behind", database: "app", now: "db1:5432/app2" };
    expect(dropped([{ ...listing("tenants", "zeta"), ...elsewhere }])).toMatchObject(refusal);
    expect(dropped([fleet("tenants", { schemas: ["acme"], ...elsewhere })])).toMatchObject(refusal);
  });
});

describe("a schema is dropped, as the config says", () => {
  it("where nobody owns it any more", () => {
    expect(dropped([listing("tenants", "zeta")])).toBeUndefined();
  });

  it("where all is destroyed: its declaration is still in the program", () => {
    expect(dropped([listing("tenants", "acme")])).toBeUndefined();
    expect(dropped([fleet("tenants", { listed: ["acme"], excluded: ["acme"] })])).toBeUndefined();
  });

  it("where one of its name is in another database", () => {
    const other = { ...listing("late", "acme"), connection: { ...CONNECTION, database: "other" } };
    expect(dropped([listing("tenants", "zeta"), other])).toBeUndefined();
    const elsewhere = { ...listing("late", "acme"), connection: { ...CONNECTION, host: "db2" } };
    expect(dropped([listing("tenants", "zeta"), elsewhere])).toBeUndefined();
  });
});

describe("a role that Pulumi would drop", () => {
  const role: Dropped = { kind: "role", name: "acme_owner", resource: "tenants-acme_owner" };
  const owned = { owner: "{schema}_owner" };

  it("is refused where a schema goes on needing it", () => {
    const problem = dropped([fleet("tenants", { schemas: ["acme"], ...owned })], role);
    expect(problem && problemText(problem)).toMatchInlineSnapshot(
      `"Role "acme_owner" would be dropped, though "tenants" goes on owning it: it was declared with onDestroy: drop, and is no more. Put back what you changed, set onDestroy to retain and run pulumi up, which lets go of it; then change it."`,
    );
    expect(dropped([fleet("tenants", {}), { ...listing("late", "acme"), ...owned }], role)).toMatchObject({
      fleet: "late",
    });
  });

  it("is refused where it is the one owner of all", () => {
    const shared: Dropped = { kind: "role", name: "app_owner", resource: "tenants-app_owner" };
    expect(dropped([fleet("late", { owner: "app_owner" })], shared)).toMatchObject({ fleet: "late" });
  });

  it("is the server's, whatever the database", () => {
    const elsewhere = { connection: { ...CONNECTION, database: "app2" } };
    expect(dropped([{ ...listing("tenants", "zeta"), ...owned, ...elsewhere }], role)).toBeUndefined();
  });

  it("is dropped where nobody needs it, or all is destroyed", () => {
    expect(dropped([{ ...listing("tenants", "zeta"), ...owned }], role)).toBeUndefined();
    expect(dropped([{ ...listing("tenants", "acme"), ...owned }], role)).toBeUndefined();
  });
});
