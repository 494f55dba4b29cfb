import { expect, it } from "vitest";
import type { SchemaResult } from "../../src/fleet/run-fleet.ts";
import { readHistory } from "../../src/history/read-history.ts";
import { desiredRevisions, type Inputs, type Outputs, wishes } from "../../src/pulumi/inputs.ts";
import { outputs } from "../../src/pulumi/outputs.ts";

const history = readHistory("migrations");
const ids = history.map((revision) => revision.id);
const [HEAD, BELOW, PLACE] = [ids.at(-1) ?? "", ids.at(-2) ?? "", ids.at(-3) ?? ""];

const asked = {
  connection: { host: "db", port: 5432, database: "salon", user: "deploy", sslmode: "require" as const },
  schemas: ["failed", "waiting"],
  migrations: "migrations",
  target: "-2",
  pins: {},
  searchPath: [],
  allowOutOfOrder: false,
  lockTimeoutMs: 0,
  statementTimeoutMs: 0,
  waitTimeoutMs: 0,
  progressUrn: "urn",
};
const inputs: Inputs = { ...asked, revisions: desiredRevisions(history, asked), head: HEAD };
const places = new Map([
  ["failed", PLACE],
  ["waiting", PLACE],
]);

/** One schema failed after its first step down, the other was not started. */
const results: readonly SchemaResult[] = [
  { schema: "failed", from: HEAD, to: BELOW, steps: [], problems: [{ code: "schema-missing", schema: "failed" }] },
];

it("a step like -2 that failed half way is the same place at the next up, not two more steps", () => {
  const olds: Outputs = outputs(inputs, undefined, history, results, places);
  expect(olds.current).toEqual({ failed: BELOW, waiting: "base" });
  const next = wishes(inputs, history, olds);
  expect([...next.values()].map((wish) => wish.target)).toEqual([PLACE, PLACE]);
});

it("what is beyond a schema's revision is pending", () => {
  const olds = outputs(inputs, undefined, history, results, places);
  expect(olds.pending.failed).toEqual([HEAD]);
});
