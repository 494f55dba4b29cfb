import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startEmbeddedPostgres } from "../../toolchain/embedded-postgres.ts";
import { type CliProcess, startUp } from "../support/cli-process.ts";
import { disagreements, MARKED, markedFiles } from "../support/marked-history.ts";
import { ledgerRows } from "../support/objects.ts";
import { databaseOn, ourBackends, terminateOurs } from "../support/own-server.ts";
import { makeProject } from "../support/project.ts";
import { type Moment, startProxy } from "../support/proxy.ts";
import { advisoryLocks } from "../support/sessions.ts";

// A server of its own: it is killed too. All of them reach it through the proxy, so that no address changes between runs.
const server = await startEmbeddedPostgres();
const database = databaseOn(server);
const proxy = await startProxy(database.connection);
afterAll(async () => {
  await proxy.close();
  await server.stop();
});

const VICTIMS = ["provider", "cli", "backend", "server"] as const;
type Victim = (typeof VICTIMS)[number];
const schemasOf = (victim: Victim) => [`${victim}_a`, `${victim}_b`];

// In transactions only: where both schemas are under way, what is interrupted in the other one is anybody's guess.
const revisions = MARKED.filter(({ kind }) => kind === "transaction");

const project = await makeProject({
  connection: proxy.connection,
  stacks: Object.fromEntries(VICTIMS.map((victim) => [victim, schemasOf(victim)])),
  migrations: markedFiles(revisions),
});

const kill: Readonly<Record<Victim, (run: CliProcess) => Promise<void>>> = {
  provider: (run) => run.killProvider(),
  cli: (run) => run.killCli(),
  backend: () => terminateOurs(database),
  server: () => server.restart(),
};

/** `pulumi up` in which something is killed at a moment. */
async function killedAt(moment: Moment, victim: Victim) {
  let struck: Promise<unknown> | undefined;
  void proxy.once(moment, (cut) => {
    struck = kill[victim](run).then(() => victim === "provider" && cut());
    return struck;
  });
  const run = await startUp(project, proxy.connection, victim);
  const outcome = await run.outcome;
  if (!struck) throw new Error(`the moment did not come:\n${outcome.output}`);
  await struck;
  return outcome;
}

/** A stack's state. */
const State = z.object({
  checkpoint: z.object({
    latest: z.object({
      resources: z.array(z.object({ type: z.string(), outputs: z.unknown().optional() })),
      pending_operations: z.array(z.object({ type: z.string() })).optional(),
    }),
  }),
});

/** What the resource says: schemas by the revision that they are at. */
const Claim = z.object({ current: z.record(z.string(), z.array(z.string())) });

/** What a state says of each schema; without the resource, it claims nothing. */
function stateOf(stack: string) {
  const { latest } = State.parse(JSON.parse(project.state(stack))).checkpoint;
  const resource = latest.resources.find(({ type }) => type === "pulumi-nodejs:dynamic:SchemaMigration");
  const { current } = resource ? Claim.parse(resource.outputs) : { current: {} };
  const places = Object.entries(current).flatMap(([revision, schemas]) => schemas.map((schema) => [schema, revision]));
  return {
    current: Object.fromEntries(places) as Readonly<Record<string, string>>,
    pending: latest.pending_operations?.map(({ type }) => type) ?? [],
  };
}

/** Holds after any fault, when what was under way has ended. */
async function holds(victim: Victim, direction: "up" | "down"): Promise<void> {
  await expect.poll(() => ourBackends(database), { timeout: 15_000 }).toEqual([]);
  expect(await advisoryLocks(database)).toBe(0);
  const { current } = stateOf(victim);
  for (const schema of schemasOf(victim)) {
    expect(await disagreements(database, schema, revisions)).toEqual([]);
    const applied = (await ledgerRows(database, schema).catch(() => [])).length;
    const claimed = revisions.findIndex(({ id }) => id === current[schema]) + 1;
    if (direction === "up") expect(claimed).toBeLessThanOrEqual(applied);
    // On the way down the state is older than the ledger, never newer.
    else expect(claimed).toBeGreaterThanOrEqual(applied);
  }
}

/** The next up ends at the target; where Pulumi wants something said first, it says so, and it is one command. */
async function nextFinishes(victim: Victim, target: string): Promise<void> {
  let next = await project.pulumi("up", "--yes", "--skip-preview", "--stack", victim);
  if (victim === "cli") {
    expect(next.exitCode).not.toBe(0);
    expect(next.output).toContain("delete the lock file with `pulumi cancel`");
    expect((await project.pulumi("cancel", "--yes", "--stack", victim)).exitCode).toBe(0);
    next = await project.pulumi("up", "--yes", "--skip-preview", "--stack", victim);
  }
  expect(next.exitCode, next.output).toBe(0);
  expect(stateOf(victim).current).toEqual(Object.fromEntries(schemasOf(victim).map((schema) => [schema, target])));
  await holds(victim, target === "base" ? "down" : "up");
}

describe.each(VICTIMS)("pulumi up, whose %s is killed", (victim) => {
  test("at a step of a new resource", async () => {
    const { exitCode, output } = await killedAt({ query: /0002_second.*COMMIT/s, when: "before" }, victim);
    // After a crash of the server the same run goes on.
    if (victim === "server") expect(exitCode, output).toBe(0);
    else expect(exitCode).not.toBe(0);
    await holds(victim, "up");
    await nextFinishes(victim, "0004_last");
  });
});

test("pulumi up, whose cli is killed at COMMIT of a step down of an existing resource, which succeeded", async () => {
  await project.pulumi("config", "set", "target", "base", "--stack", "cli");
  await killedAt({ query: /0002_second.*COMMIT/s, when: "after" }, "cli");
  expect(stateOf("cli").pending).toContain("updating");
  await holds("cli", "down");
  await nextFinishes("cli", "base");
});
