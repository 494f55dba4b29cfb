import { describe, expect, it } from "vitest";
import { parseFleets, placed } from "../../src/config/fleets.ts";
import { refusePlainSecrets } from "../../src/config/plain-secrets.ts";
import { problemText } from "../../src/problem-text.ts";
import { refused } from "../history/refused.ts";

const SERVER = { PGHOST: "db.example.com" };
const parse = (values: Readonly<Record<string, unknown>>) => parseFleets(values, SERVER);
const refusal = (values: Readonly<Record<string, unknown>>) => refused(() => parse(values));

describe("a stack", () => {
  it("is one fleet where it names none", () => {
    expect(parse({ schemas: ["prod"], fleets: {} })).toMatchObject([{ name: "migrations", schemas: ["prod"] }]);
  });

  it("has several, each with what is its own; the rest is for all", () => {
    const fleets = {
      main: { schemas: ["prod"], target: "0009" },
      tenants: { schemasQuery: "SELECT 1", host: "other" },
    };
    expect(
      parse({ fleets: JSON.stringify(fleets), target: "0012", lockTimeoutMs: "100", schemas: "[]" }),
    ).toMatchObject([
      { name: "main", schemas: ["prod"], target: "0009", lockTimeoutMs: 100, connection: { host: "db.example.com" } },
      { name: "tenants", schemas: [], target: "0012", lockTimeoutMs: 100, connection: { host: "other" } },
    ]);
  });

  it("refuses what would hold for all fleets and can be meant for one only", () => {
    expect(
      refusal({ schemas: ["prod"], pins: { prod: "1" }, fleets: { a: { schemas: ["x"] } } }),
    ).toMatchInlineSnapshot(`
      "config "schemas": got a value beside fleets, wants one in each fleet that it is meant for. Move it: pulumi config set --path 'fleets.FLEET.schemas[0]' SCHEMA, then pulumi config rm schemas.
      config "pins": got a value beside fleets, wants one in each fleet that it is meant for. Move it: pulumi config set --path 'fleets.FLEET.pins.SCHEMA' TARGET --type string, then pulumi config rm pins."
    `);
  });

  it("tells the problems of all fleets together, each with its place, and what all share once", () => {
    const fleets = { a: { schemas: ["x"], traget: "1" }, b: { schemas: [], onFailure: "go" } };
    expect(refusal({ fleets, lockTimeoutMs: "soon" })).toMatchInlineSnapshot(`
      "config "lockTimeoutMs": got "soon", wants a whole number of milliseconds, at most 2147483647. Set it: pulumi config set lockTimeoutMs VALUE.
      config "fleets.a.traget": there is no such key. Did you mean target? Remove it: pulumi config rm --path 'fleets.a.traget'.
      config "fleets.b.onFailure": got "go", wants stop or continue. Set it: pulumi config set --path 'fleets.b.onFailure' VALUE.
      config "fleets.b.schemas": got nothing, wants at least one schema, or a pattern like "tenant_*", or a query (schemasQuery). Set it: pulumi config set --path 'fleets.b.schemas[0]' SCHEMA."
    `);
  });

  it("tells what only the server knew with its place as well", () => {
    const fix = { say: "Remove it", commands: [{ run: "rm", path: ["pins", "x"] }] } as const;
    const problem = { code: "config", key: "pins.x", got: "a schema", wants: "another", fix } as const;
    const said = (values: Readonly<Record<string, unknown>>) => placed([problem], "a", values).map(problemText);
    expect(said({ fleets: '{"a": {"schemas": ["tenant_*"]}}' })).toEqual([
      `config "fleets.a.pins.x": got a schema, wants another. Remove it: pulumi config rm --path 'fleets.a.pins.x'.`,
    ]);
    expect(said({ fleets: "{}" })).toEqual([problemText(problem)]);
  });

  it("refuses fleets that are none", () => {
    expect(refusal({ fleets: "tenants" })).toMatchInlineSnapshot(
      `"config "fleets": got no fleets, wants fleets by name, like {"tenants": {"schemas": ["tenant_*"]}}."`,
    );
    expect(refusal({ fleets: { a: "tenant_*", b: { password: "geheim" } } })).toMatchInlineSnapshot(
      `"config "fleets": got "a" without keys of its own, wants fleets by name, like {"tenants": {"schemas": ["tenant_*"]}}."`,
    );
  });
});

it("a password of one fleet in plain text is refused", () => {
  const file = `config:
  p:fleets:
    a: { schemas: [x], password: hunter2 }
    b: { schemas: [y], password: { secure: v1:abc } }
    c: { schemas: [z], rolePasswords: { app: hunter3 } }
`;
  expect(refused(() => refusePlainSecrets({ fleets: {} }, ["fleets"], file, "p"))).toMatchInlineSnapshot(`
    "config "fleets.a.password": got a value in plain text, wants an encrypted one. Set it again: pulumi config set --secret --path 'fleets.a.password'. The old value is in the file's history: change it on the server.
    config "fleets.c.rolePasswords.app": got a value in plain text, wants an encrypted one. Set it again: pulumi config set --secret --path 'fleets.c.rolePasswords.app'. The old value is in the file's history: change it on the server."
  `);
});
