/** `npm run test:chaos -- [--seed N] [--rounds N] [--seconds N]`: kills migrations at random moments and looks what is left. */
import { parseArgs } from "node:util";
import { chaos } from "../test/support/chaos.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: `${Date.now() % 1_000_000}` },
    rounds: { type: "string", default: "300" },
    seconds: { type: "string", default: "300" },
  },
});
const [seed, rounds, seconds] = [values.seed, values.rounds, values.seconds].map(Number);
if (!Number.isInteger(seed) || !Number.isInteger(rounds) || !Number.isInteger(seconds)) {
  console.error("Usage: npm run test:chaos -- [--seed N] [--rounds N] [--seconds N], each a whole number.");
  process.exit(2);
}
console.log(`seed ${seed}, at most ${rounds} rounds in ${seconds} s`);
const report = await chaos({ seed: seed ?? 0, rounds: rounds ?? 0, seconds: seconds ?? 0, log: console.log });
if (report.broken.length > 0) {
  console.error(`\nBroken:\n${report.broken.join("\n")}`);
  console.error(`\nThe same choices again: npm run test:chaos -- --seed ${seed} --rounds ${report.rounds}`);
  process.exit(1);
}
console.log(`${report.rounds} rounds, ${report.struck} of them struck in the middle of a run. All held. Seed ${seed}.`);
