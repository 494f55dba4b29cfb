/** `npm run test:matrix [-- MAJOR …]`: the tests that a server's version could matter to, on each supported major. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import manifest from "../package.json" with { type: "json" };
import { PACKAGE_VARIABLE, platformPackage } from "./embedded-postgres/binaries.ts";
import { layoutIn } from "./install/layout.ts";
import { toolsOrExit } from "./install.ts";
import { type PostgresMajor, provideOlderMajors } from "./postgres-majors.ts";

const FOLDERS = ["test/postgres", "test/faults", "test/fleet", "test/adopt", "test/snapshot", "test/properties"];

const { tools } = layoutIn();
await toolsOrExit();
const newest: PostgresMajor = { version: newestVersion(), packageFolder: platformPackage() };
const all = [...(await provideOlderMajors(join(tools, "postgres-majors"))), newest];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((major) => !all.some((each) => majorOf(each) === major));
if (unknown.length > 0) {
  console.error(`There is no major ${unknown.join(", ")} here, but ${all.map(majorOf).join(", ")}.`);
  process.exit(2);
}

const outcomes: Outcome[] = [];
for (const major of all.filter((each) => wanted.length === 0 || wanted.includes(majorOf(each)))) {
  console.log(`\nPostgreSQL ${major.version}`);
  outcomes.push(await testOn(major));
}
console.log(`\n${outcomes.map(({ line }) => line).join("\n")}`);
process.exit(outcomes.every(({ passed }) => passed) ? 0 : 1);

interface Outcome {
  readonly passed: boolean;
  readonly line: string;
}

async function testOn({ version, packageFolder }: PostgresMajor): Promise<Outcome> {
  const report = join(tools, `matrix-${version}.json`);
  const started = performance.now();
  const { exitCode } = await execa(
    "vitest",
    ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...FOLDERS],
    { env: { [PACKAGE_VARIABLE]: packageFolder }, stdio: "inherit", reject: false },
  );
  const seconds = Math.round((performance.now() - started) / 1_000);
  if (exitCode === undefined) return { passed: false, line: `PostgreSQL ${version}: vitest did not run` };
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, "utf8"));
  const counts = `${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`;
  // A file that cannot even be loaded has no failed test.
  const passed = exitCode === 0;
  return { passed, line: `PostgreSQL ${version}: ${passed ? "all well" : "FAILED"}, ${counts}, ${seconds} s` };
}

function majorOf({ version }: PostgresMajor): string {
  return version.replace(/\..*$/, "");
}

function newestVersion(): string {
  const [version = ""] = Object.entries(manifest.optionalDependencies).flatMap(([name, version]) =>
    name.startsWith("@embedded-postgres/") ? [version] : [],
  );
  return version.replace(/\.\d+-.*$/, "");
}
