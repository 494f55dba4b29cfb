import { expect, it } from "vitest";
import { unquotedNumbers } from "../../src/config/unquoted-numbers.ts";
import { problemText } from "../../src/problem-text.ts";

const unquoted = (text: string) => unquotedNumbers(text, "schema-migrations");

const file = (target: string) => `config:
  schema-migrations:target: ${target}
  baseline: ${target}
  schema-migrations:pins: { dev: ${target} }
  fleets:
    a: { target: ${target}, pins: { prod: ${target} }, exclude: [${target}] }
`;

it("counts only in the project's own keys", () => {
  expect(unquoted("config:\n  aws:account: 0123\n  aws:target: 0010\n")).toEqual([]);
});

it.each(["0010", "010", "8285e5", "+1", "-0010"])("%s without quotes is not what YAML makes of it", (written) => {
  expect(unquoted(file(written)).map((problem) => "key" in problem && problem.key)).toEqual([
    "target",
    "baseline",
    "pins.dev",
    "fleets.a.target",
    "fleets.a.pins.prod",
    "fleets.a.exclude.0",
  ]);
});

it.each(['"0010"', "'0010'", "10", "-1", '"+1"', "8285db59cac3", "0010_add_cpf", "head"])(
  "%s is what it is",
  (written) => {
    expect(unquoted(file(written))).toEqual([]);
  },
);

it("is told with what YAML makes of it, and what to type", () => {
  const said = (target: string) => unquoted(file(target)).map(problemText).join("\n");
  expect(said("0010")).toMatchInlineSnapshot(`
    "config "target": got 0010 without quotes, which YAML reads as the octal number 8, wants "0010". Write it in quotes, target: "0010", or set it: pulumi config set target 0010.
    config "baseline": got 0010 without quotes, which YAML reads as the octal number 8, wants "0010". Write it in quotes, baseline: "0010", or set it: pulumi config set baseline 0010.
    config "pins.dev": got 0010 without quotes, which YAML reads as the octal number 8, wants "0010". Write it in quotes, dev: "0010", or set it: pulumi config set --path 'pins.dev' 0010 --type string.
    config "fleets.a.target": got 0010 without quotes, which YAML reads as the octal number 8, wants "0010". Write it in quotes, target: "0010", or set it: pulumi config set --path 'fleets.a.target' 0010 --type string.
    config "fleets.a.pins.prod": got 0010 without quotes, which YAML reads as the octal number 8, wants "0010". Write it in quotes, prod: "0010", or set it: pulumi config set --path 'fleets.a.pins.prod' 0010 --type string.
    config "fleets.a.exclude.0": got 0010 without quotes, which YAML reads as the octal number 8, wants "0010". Write it in quotes, "0010", or set it: pulumi config set --path 'fleets.a.exclude[0]' 0010 --type string."
  `);
  expect(
    unquoted("config: { target: 0089, baseline: +3, pins: { dev: 8285e5 } }").map(problemText),
  ).toMatchInlineSnapshot(`
    [
      "config "target": got 0089 without quotes, which YAML reads as 89, wants "0089". Write it in quotes, target: "0089", or set it: pulumi config set target 0089.",
      "config "baseline": got +3 without quotes, which YAML reads as 3, wants "+3". Write it in quotes, baseline: "+3", or set it: pulumi config set baseline +3.",
      "config "pins.dev": got 8285e5 without quotes, which YAML reads as 828500000, wants "8285e5". Write it in quotes, dev: "8285e5", or set it: pulumi config set --path 'pins.dev' 8285e5 --type string.",
    ]
  `);
});

it("a password of digits is not told: that it is plain text is refused elsewhere", () => {
  expect(
    unquoted("config:\n  password: 0123\n  fleets: { a: { password: 0123, rolePasswords: { app: 0123 } } }\n"),
  ).toEqual([]);
});
