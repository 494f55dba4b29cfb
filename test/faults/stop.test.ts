import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hasTerminals, startInTerminal, startUp } from "../support/cli-process.ts";
import { useDatabase } from "../support/database.ts";
import { disagreements, type MarkedRevision, markedFiles } from "../support/marked-history.ts";
import { ledgerRows } from "../support/objects.ts";
import { makeProject, type Outcome } from "../support/project.ts";
import { startProxy } from "../support/proxy.ts";

const database = useDatabase();
// What sleeps, however little, shares no message: each of them can be stopped at.
const revisions: readonly MarkedRevision[] = ["0001_first", "0002_second", "0003_third", "0004_last"].map((id) => ({
  id,
  kind: "transaction",
  sleep: 0,
}));
const proxy = await startProxy(database.connection);
afterEach(() => proxy.disarm());
afterAll(() => proxy.close());
const project = await makeProject({
  connection: proxy.connection,
  stacks: {
    alone: ["alone_a", "alone_b"],
    pulumi: ["pulumi_a", "pulumi_b"],
    npm: ["npm_a", "npm_b"],
    twice: ["twice_a", "twice_b"],
    killed: ["killed_a", "killed_b"],
  },
  migrations: markedFiles(revisions),
});
beforeAll(async () => {
  for (const stack of ["alone", "pulumi", "npm", "twice", "killed"])
    await project.pulumi("config", "set", "concurrency", "1", "--stack", stack);
});

const second = { query: /0002_second.*COMMIT/s, when: "before" } as const;

/** One of the runs, stopped in the middle of the second step of the first of two schemas. */
async function stopped<Run extends { readonly outcome: Promise<Outcome> }>(
  starting: Promise<Run>,
  stop: (run: Run) => Promise<void>,
): Promise<Outcome> {
  // Some time, for the word to get to whom it is for.
  void proxy.once(second, () => starting.then(stop).then(() => sleep(1_000)));
  return (await starting).outcome;
}

async function holds(stack: string, { exitCode, output }: Outcome): Promise<void> {
  expect(exitCode, output).not.toBe(0);
  expect(output).toContain(`Schema "${stack}_a" is at 0002_second; 2 of 4 steps are left.`);
  expect(output).toContain("Stopped, as asked: what was under way is finished, and nothing more was begun.");
  expect(output).toContain("Of 2 schemas 1 stopped on the way, 1 not started.");
  expect(await ledgerRows(database, `${stack}_a`)).toEqual(["1 0001_first applied", "2 0002_second applied"]);
  expect(await disagreements(database, `${stack}_b`, revisions)).toEqual([]);
  const next = await project.pulumi("up", "--yes", "--skip-preview", "--stack", stack);
  expect(next.exitCode, next.output).toBe(0);
  for (const schema of ["a", "b"]) expect(await ledgerRows(database, `${stack}_${schema}`)).toHaveLength(4);
}

describe("a first SIGINT: the step under way is finished, no other is begun, what is left is told, the next up goes on", () => {
  test("to the CLI alone", async () => {
    await holds("alone", await stopped(startUp(project, proxy.connection, "alone"), (run) => run.interrupt()));
  });

  test.skipIf(!hasTerminals).each([
    ["pulumi", "pulumi"],
    ["npm", "npm run pulumi --"],
  ] as const)(
    `as Ctrl-C in the terminal of %s${hasTerminals ? "" : " (skipped: no script of util-linux here)"}`,
    async (stack, command) => {
      const run = startInTerminal(project, proxy.connection, stack, command);
      await holds(stack, await stopped(run, (started) => started.ctrlC()));
    },
  );
});

test("a second SIGINT ends it at once: of the step under way nothing remains, and the next up goes on", async () => {
  const run = startUp(project, proxy.connection, "twice");
  // Held for as long as the CLI takes to end.
  void proxy.once(second, async (cut) => {
    const started = await run;
    await started.interrupt();
    await started.interrupt();
    await started.outcome;
    cut();
  });
  const { exitCode, output } = await (await run).outcome;
  expect(exitCode, output).not.toBe(0);
  await (await run).providerEnded();
  expect(await ledgerRows(database, "twice_a")).toEqual(["1 0001_first applied"]);
  const next = await project.pulumi("up", "--yes", "--skip-preview", "--stack", "twice");
  expect(next.exitCode, next.output).toBe(0);
  for (const schema of ["a", "b"]) expect(await ledgerRows(database, `twice_${schema}`)).toHaveLength(4);
});

test("a CLI that is killed: its provider finishes the step under way, begins no other, and ends", async () => {
  const run = startUp(project, proxy.connection, "killed");
  await stopped(run, (started) => started.killCli());
  await (await run).providerEnded();
  expect(await ledgerRows(database, "killed_a")).toEqual(["1 0001_first applied", "2 0002_second applied"]);
  expect(await disagreements(database, "killed_b", revisions)).toEqual([]);
});
