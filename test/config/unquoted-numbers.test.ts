import { expect, it } from "vitest";
import { unquotedNumbers } from "../../src/config/unquoted-numbers.ts";
import { problemText } from "../../src/problem-text.ts";

const file = (target: string) =>
  `config:\n  schema-migrations:target: ${target}\n  schema-migrations:pins:\n    dev: ${target}\n`;

const unquoted = (text: string) => unquotedNumbers(text, "schema-migrations");

it("counts only in the project's own keys", () => {
  expect(unquoted("config:\n  aws:account: 0123\n")).toEqual([]);
});

it.each(["0010", "010", "8285e5", "+1"])("%s without quotes is not what YAML makes of it", (written) => {
  expect(unquoted(file(written))).toHaveLength(2);
});

it.each(['"0010"', "'0010'", "10", "-1", '"+1"', "8285db59cac3", "0010_add_cpf", "head"])(
  "%s is what it is",
  (written) => {
    expect(unquoted(file(written))).toEqual([]);
  },
);

it("is told with what to type", () => {
  expect(unquoted("config:\n  schema-migrations:target: 0010 # CPF\n").map(problemText)).toMatchInlineSnapshot(`
    [
      "config "target": got 0010 without quotes, which YAML reads as another number, wants "0010". Write it in quotes, target: "0010", or set it: pulumi config set target 0010 --type string.",
    ]
  `);
});
