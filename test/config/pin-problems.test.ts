import { describe, expect, it } from "vitest";
import { type Pinning, pinProblems } from "../../src/config/pin-problems.ts";
import { problemText } from "../../src/problem-text.ts";

/** What is said against the pins of a fleet that owns some schemas. */
function said(pinning: Partial<Pinning>, owned: readonly string[], someExcluded = false): string {
  const pins = { tenant_0010: "0009" };
  return pinProblems({ schemas: [], pins, ...pinning }, owned, someExcluded)
    .map(problemText)
    .join("\n");
}

describe("a pin", () => {
  it("of a schema that the fleet owns is fine, whatever was asked for it", () => {
    expect(said({ schemasQuery: "SELECT 1" }, ["tenant_0010"])).toBe("");
    expect(said({ pins: {} }, [])).toBe("");
  });

  it("of another schema is refused", () => {
    expect(said({}, ["tenant_0011"])).toMatchInlineSnapshot(
      `"config "pins.tenant_0010": got a schema that is not in this stack, wants one of tenant_0011. Remove it: pulumi config rm --path 'pins.tenant_0010'."`,
    );
  });
});

describe("where the fleet has no schema at all, that is told, and no pin is to be removed first", () => {
  it("of a query", () => {
    expect(said({ schemasQuery: "SELECT 1", schemas: ["shop_*"] }, [])).toMatchInlineSnapshot(
      `"config "schemasQuery": got no schema from it, wants schemas, since there are pins: tenant_0010. If there are to be none, remove the pins: pulumi config rm pins."`,
    );
  });

  it("of patterns", () => {
    expect(said({ schemas: ["tenant_*"] }, [])).toMatchInlineSnapshot(
      `"config "schemas": got "tenant_*", which no schema fits, wants schemas, since there are pins: tenant_0010. If there are to be none, remove the pins: pulumi config rm pins."`,
    );
    expect(said({ schemas: ["tenant_*", "shop_*"] }, [])).toContain('"tenant_*" and "shop_*", which no schema fits');
  });

  it("of an exclude that takes all", () => {
    expect(said({ schemas: ["tenant_*"] }, [], true)).toMatchInlineSnapshot(
      `"config "exclude": got entries that leave no schema, wants schemas, since there are pins: tenant_0010. If there are to be none, remove the pins: pulumi config rm pins."`,
    );
  });
});
