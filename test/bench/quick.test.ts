import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import type { Results } from "../../bench/report.ts";
import { allTools } from "../../bench/tools.ts";
import { projectFolder } from "../../toolchain/install/layout.ts";

/** Minutes where every tool has a machine to share. */
const TIMEOUT_MS = 900_000;

test("the quick benchmark takes every tool of this machine through every workload, and says which it left out", {
  timeout: TIMEOUT_MS,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "bench-results-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  // It fails where a schema does not end with the structure that its migrations make.
  await execa(process.execPath, ["bench/main.ts", "--quick", "--results", folder], { cwd: projectFolder });

  const results = JSON.parse(readFileSync(join(folder, "latest.json"), "utf8")) as Results;
  const tools = await allTools();
  const here = tools.filter(({ missing }) => missing === undefined);
  const expected = here.flatMap(({ name, workloads }) => workloads.map((workload) => `${workload} ${name}`));
  expect(results.rows.map(({ workload, tool }) => `${workload} ${tool}`).sort()).toEqual(expected.sort());
  expect(results.leftOut.map(({ tool }) => tool)).toEqual(
    tools.filter((tool) => !here.includes(tool)).map(({ name }) => name),
  );
  expect(
    results.rows.every(({ seconds: [least, median, most] }) => 0 < least && least <= median && median <= most),
  ).toBe(true);
  const report = readFileSync(join(folder, "latest.md"), "utf8");
  for (const { name } of tools) expect(report).toContain(name);
  expect(readFileSync(join(folder, "latest.svg"), "utf8")).toMatch(/^<svg .*<\/svg>\n$/s);
});
