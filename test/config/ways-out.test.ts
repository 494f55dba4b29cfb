import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { parseFleets } from "../../src/config/fleets.ts";
import { unquotedNumbers } from "../../src/config/unquoted-numbers.ts";
import { Refusal, refuseIfAny } from "../../src/problem.ts";
import { refused } from "../history/refused.ts";
import { makeProject } from "../support/project.ts";

const project = await makeProject({ connection: undefined, stacks: { dev: [] } });

/** The stack's config as its file has it. */
function values(): Readonly<Record<string, unknown>> {
  const { config } = parseYaml(project.read("Pulumi.dev.yaml"));
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.replace("schema-migrations:", ""), value]),
  );
}

function parse() {
  refuseIfAny(unquotedNumbers(project.read("Pulumi.dev.yaml"), "schema-migrations"));
  return parseFleets(values(), { PGHOST: "db.example.com" });
}

/** Writes the config by hand, and does what its refusal says; the refusal. */
async function followed(config: string): Promise<string> {
  project.write({ "Pulumi.dev.yaml": `config:\n${config}` });
  return follow();
}

async function follow(refuse: () => unknown = parse): Promise<string> {
  const text = refused(refuse);
  for (const [, command = ""] of text.matchAll(/pulumi (config .*?)(?=, then |\.$|\. )/gm)) {
    const words = await execa("sh", ["-c", `printf '%s\\n' ${command}`], { lines: true });
    const { exitCode, output } = await project.pulumi(...words.stdout, "--stack", "dev");
    expect(exitCode, `${command}\n${output}`).toBe(0);
  }
  return text;
}

describe("what a refusal says to type works as it stands", () => {
  it("for a list that is none, in a fleet", async () => {
    expect(
      await followed("  schema-migrations:fleets: {a: {schemas: prod, waves: [b, c], pins: prod}}\n"),
    ).toMatchInlineSnapshot(`
      "config "fleets.a.schemas": got "prod", wants a list of schema names, like ["dev", "prod"]. Set it anew: pulumi config rm --path 'fleets.a.schemas', then pulumi config set --path 'fleets.a.schemas[0]' SCHEMA.
      config "fleets.a.pins": got "prod", wants targets by schema name, like {"tenant_7": "0009"}. Set it anew: pulumi config rm --path 'fleets.a.pins', then pulumi config set --path 'fleets.a.pins.SCHEMA' TARGET --type string.
      config "fleets.a.waves.0": got "b", wants a list of waves, each a list of schema names, patterns or shares, like [["tenant_1"], ["10%"]]. Set it anew: pulumi config rm --path 'fleets.a.waves', then pulumi config set --path 'fleets.a.waves[0][0]' SCHEMA.
      config "fleets.a.waves.1": got "c", wants a list of waves, each a list of schema names, patterns or shares, like [["tenant_1"], ["10%"]]. Set it anew: pulumi config rm --path 'fleets.a.waves', then pulumi config set --path 'fleets.a.waves[0][0]' SCHEMA."
    `);
    expect(parse()).toMatchObject([{ schemas: ["SCHEMA"], waves: [["SCHEMA"]], pins: { SCHEMA: "TARGET" } }]);
  });

  it("for accepted revisions that are no list, or digits", async () => {
    expect(
      await followed("  schema-migrations:schemas: [dev]\n  schema-migrations:acceptEdited: 0002_u\n"),
    ).toMatchInlineSnapshot(
      `"config "acceptEdited": got "0002_u", wants a list of revisions, like ["0002_add_cpf"]. Set it anew: pulumi config rm acceptEdited, then pulumi config set --path 'acceptEdited[0]' REVISION --type string."`,
    );
    expect(parse()).toMatchObject([{ acceptEdited: ["REVISION"] }]);
    expect(
      await followed("  schema-migrations:schemas: [dev]\n  schema-migrations:acceptEdited: [a, 12]\n"),
    ).toMatchInlineSnapshot(
      `"config "acceptEdited.1": got 12 without quotes, which YAML may have made of +12 or 0014, wants what is meant, in quotes. Set it: pulumi config set --path 'acceptEdited[1]' 12 --type string."`,
    );
    expect(parse()).toMatchObject([{ acceptEdited: ["a", "12"] }]);
  });

  it("for the revision of an edited script, whatever its name", async () => {
    const edited = ["0002_u", "0003", "0004 it's"].map((revision, accepted) => ({ revision, accepted }));
    project.write({ "Pulumi.dev.yaml": "config: { schemas: [dev] }\n" });
    await follow(() => {
      throw new Refusal(edited.map((each) => ({ code: "edited", was: "a", is: "b", ...each })));
    });
    expect(parse()).toMatchObject([{ acceptEdited: ["0002_u", "0003", "0004 it's"] }]);
  });

  it("for a name in a list that YAML reads as a number", async () => {
    expect(
      await followed("  schema-migrations:schemas: [dev, other]\n  schema-migrations:exclude: [x, 10]\n"),
    ).toMatchInlineSnapshot(
      `"config "exclude.1": got 10, wants a list of schema names, like ["tenant_7"]. Set it: pulumi config set --path 'exclude[1]' 10 --type string."`,
    );
    expect(parse()).toMatchObject([{ exclude: ["x", "10"] }]);
  });

  it("for what moves into a fleet", async () => {
    expect(
      await followed("  schema-migrations:exclude: [x]\n  schema-migrations:fleets: {FLEET: {schemas: [dev]}}\n"),
    ).toMatchInlineSnapshot(
      `"config "exclude": got a value beside fleets, wants one in each fleet that it is meant for. Move it: pulumi config set --path 'fleets.FLEET.exclude[0]' SCHEMA, then pulumi config rm exclude."`,
    );
    expect(parse()).toMatchObject([{ name: "FLEET", exclude: ["SCHEMA"] }]);
  });

  it("for targets that YAML reads as other numbers", async () => {
    await followed("  target: 0010\n  schema-migrations:schemas: [a b]\n  schema-migrations:pins: {a b: +1}\n");
    expect(parse()).toMatchObject([{ target: "0010", pins: { "a b": "+1" } }]);
    await followed("  fleets: {a.b: {schemas: [c], target: 0010, baseline: 08}}\n");
    expect(parse()).toMatchObject([{ target: "0010", baseline: "08" }]);
  });

  it("for a target that the CLI stored as a number", async () => {
    project.write({ "Pulumi.dev.yaml": "config: { schemas: [prod, o'brien] }\n" });
    for (const path of ["pins.prod", "pins.o'brien"])
      await project.pulumi("config", "set", "--path", path, "10", "--stack", "dev");
    expect(await follow()).toMatchInlineSnapshot(`
      "config "pins.prod": got 10 without quotes, which YAML may have made of +10 or 0012, wants what is meant, in quotes. Set it: pulumi config set --path 'pins.prod' 10 --type string.
      config "pins.o'brien": got 10 without quotes, which YAML may have made of +10 or 0012, wants what is meant, in quotes. Set it: pulumi config set --path 'pins["o'\\''brien"]' 10 --type string."
    `);
    expect(parse()).toMatchObject([{ pins: { prod: "10", "o'brien": "10" } }]);
  });
});
