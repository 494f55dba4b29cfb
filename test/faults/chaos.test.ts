import { expect, test } from "vitest";
import { chaos } from "../support/chaos.ts";

// `npm run test:chaos` plays hundreds of rounds with another seed each time.
test("whatever is killed, and when: ledger and structure agree, no lock is left, and the next run gets there", async () => {
  const told: string[] = [];
  const report = await chaos({ seed: 4, rounds: 8, seconds: 20, log: (line) => told.push(line) });
  expect(report.broken, told.join("\n")).toEqual([]);
  expect(report.struck).toBeGreaterThan(0);
});
