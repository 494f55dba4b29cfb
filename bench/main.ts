/**
 * `npm run bench`: the same migrations through several tools, side by side on one fresh server. Writes `latest.md`,
 * `latest.svg` and `latest.json` into the results' folder.
 *
 *     npm run bench                  about a quarter of an hour
 *     npm run bench -- --quick       each tool once, 20 schemas
 *     npm run bench -- --huge        also what takes long: the slow tools on many schemas, ours on 10,000
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { atOnceByCores } from "../src/postgres/free-sessions.ts";
import { toolsOrExit } from "../toolchain/install.ts";
import { fullBouts, quickBouts, runBouts, SLOW_UP_TO } from "./campaign.ts";
import { measureNetwork } from "./network.ts";
import { plotOf } from "./plot.ts";
import { aboutRun, type Results, reportOf } from "./report.ts";
import { rowsOf } from "./rows.ts";
import { serverVersion, withBenchServer } from "./server.ts";
import { allTools } from "./tools.ts";
import { measureWholeUp } from "./whole-up.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    huge: { type: "boolean", default: false },
    /** Numbers of schemas, with commas. */
    sizes: { type: "string", default: "20,200,1000" },
    /** Only tools whose name holds this. */
    only: { type: "string", default: "" },
    /** Schemas at once; by default what a fleet takes where its config says nothing. */
    concurrency: { type: "string", default: `${atOnceByCores({ host: "127.0.0.1" })}` },
    results: { type: "string", default: join(import.meta.dirname, "results") },
  },
});
const { quick, huge, only, results: folder } = values;
const numbers = [...values.sizes.split(","), values.concurrency];
const wrong = numbers.find((text) => !/^[1-9]\d*$/.test(text));
if (wrong !== undefined) {
  console.error(
    `"${wrong}" is no number from 1 on.\n` +
      "Usage: npm run bench -- [--quick] [--huge] [--sizes 20,200] [--only NAME] [--concurrency 8] [--results FOLDER]",
  );
  process.exit(2);
}
const sizes = values.sizes.split(",").map(Number);
const concurrency = Number(values.concurrency);

await toolsOrExit();
const tools = (await allTools()).filter(({ name }) => name.includes(only));
const here = tools.filter(({ missing }) => missing === undefined);
const results = await withBenchServer(async (server): Promise<Results> => {
  const bouts = quick ? quickBouts() : fullBouts(sizes, huge);
  const samples = await runBouts(server, bouts, here, concurrency, ({ workload, n, tool, seconds }) =>
    console.log(`${workload}  N = ${n}  ${tool}: ${seconds.toFixed(3)} s`),
  );
  const n = quick ? 20 : Math.max(...sizes);
  return {
    rows: rowsOf(samples),
    leftOut: [
      ...tools.flatMap(({ name, missing }) => (missing === undefined ? [] : [{ tool: name, why: missing }])),
      ...(quick || huge || n <= SLOW_UP_TO ? [] : here.filter(({ slow }) => slow)).map(({ name }) => ({
        tool: name,
        why: `on more than ${SLOW_UP_TO} schemas it takes minutes; --huge measures it`,
      })),
    ],
    network: await measureNetwork(
      server,
      20,
      here.filter(({ name, slow, workloads }) => (quick ? name === "ours" : !slow && workloads.includes("W1"))),
      concurrency,
    ),
    wholeUp: [
      await measureWholeUp(server, n, quick ? 1 : 5),
      ...(huge ? [await measureWholeUp(server, 10_000, 1)] : []),
    ],
    about: aboutRun(await serverVersion(server), concurrency),
  };
});
mkdirSync(folder, { recursive: true });
const report = reportOf(results, here);
writeFileSync(join(folder, "latest.json"), `${JSON.stringify(results, undefined, 2)}\n`);
writeFileSync(join(folder, "latest.md"), report);
writeFileSync(join(folder, "latest.svg"), plotOf(results.rows));
console.log(`\n${report}`);
