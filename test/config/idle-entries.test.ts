import { describe, expect, it } from "vitest";
import { type Choosing, idleEntries } from "../../src/config/idle-entries.ts";
import { problemText } from "../../src/problem-text.ts";

const fleet: Choosing = {
  name: "migrations",
  schemas: ["tenant_0001", "tenant_0150"],
  excluded: ["tenant_0007", "old_1"],
  exclude: [],
  waves: [],
};

const other: Choosing = { ...fleet, name: "other", schemas: ["shop_1"], excluded: [] };

const said = (...fleets: readonly Choosing[]) => idleEntries(fleets).map(problemText).join("\n");

describe("an entry of exclude", () => {
  it("that leaves somebody alone is fine", () => {
    expect(said({ ...fleet, exclude: ["tenant_0007", "old_*"] })).toBe("");
  });

  it("that is mistyped is told, once, with what may have been meant", () => {
    expect(said({ ...fleet, exclude: ["tenatn_0150", "tenatn_0150", "elsewhere", "odl_*"] })).toMatchInlineSnapshot(`
      "config "exclude": "tenatn_0150" fits no schema: nobody is left alone by it. Did you mean tenant_0150?
      config "exclude": "elsewhere" fits no schema: nobody is left alone by it.
      config "exclude": "odl_*" fits no schema: nobody is left alone by it."
    `);
  });

  it("is told with its fleet, where there are several", () => {
    expect(said({ ...fleet, name: "tenants", exclude: ["shop_1"] }, other)).toMatchInlineSnapshot(
      `"config "fleets.tenants.exclude": "shop_1" fits no schema: nobody is left alone by it."`,
    );
  });

  it("may fit nobody as long as there is nobody", () => {
    expect(said({ ...fleet, schemas: [], excluded: [], exclude: ["tenant_0150"] })).toBe("");
  });
});

describe("a pattern of a wave", () => {
  it("may fit a schema of any fleet", () => {
    expect(said({ ...fleet, waves: [["tenant_*", "10%"], ["shop_*"]] }, other)).toBe("");
  });

  it("that fits nobody who goes is told once, however many fleets have it", () => {
    const waves = [["old_*"]];
    expect(said({ ...fleet, waves }, { ...other, waves })).toMatchInlineSnapshot(
      `"config "waves": "old_*" fits no schema: nobody goes first by it."`,
    );
  });
});
