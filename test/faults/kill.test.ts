import pg from "pg";
import { afterAll, describe, expect, test } from "vitest";
import type { SchemaResult } from "../../src/fleet/run-schema.ts";
import { APPLICATION_NAME } from "../../src/postgres/database.ts";
import { startEmbeddedPostgres } from "../../toolchain/embedded-postgres.ts";
import { clientConfig } from "../support/database.ts";
import { type FleetProcess, startFleet } from "../support/fleet.ts";
import { disagreements, type MarkedRevision, markedHistory, markedScripts } from "../support/marked-history.ts";
import { up, wish } from "../support/migrate.ts";
import { events, ledgerRows } from "../support/objects.ts";
import { databaseOn, ourBackends, sleeping, terminateOurs } from "../support/own-server.ts";
import { type Moment, startProxy } from "../support/proxy.ts";
import { advisoryLocks } from "../support/sessions.ts";

// A server of its own: it is killed too.
const server = await startEmbeddedPostgres();
const database = databaseOn(server);
const proxy = await startProxy(database.connection);
afterAll(async () => {
  await proxy.close();
  await server.stop();
});

const revisions: readonly MarkedRevision[] = [
  { id: "0001_first", kind: "transaction" },
  { id: "0002_second", kind: "transaction", sleep: 0.3 },
  { id: "0003_index", kind: "concurrently" },
  { id: "0004_last", kind: "transaction" },
];
const history = markedHistory(revisions);

type Victim = "process" | "backend" | "server";

const kill: Readonly<Record<Victim, (run: FleetProcess) => Promise<void>>> = {
  process: (run) => run.kill(),
  backend: () => terminateOurs(database),
  server: () => server.restart(),
};

let made = 0;

async function freshSchemas(): Promise<readonly [string, string]> {
  made += 1;
  const names = [`kill_${made}_a`, `kill_${made}_b`] as const;
  for (const name of names) await database.query(`CREATE SCHEMA ${name}`);
  return names;
}

/** A run over two schemas, one after the other, in a process of its own, in which something is killed at a moment. */
async function killedAt(
  moment: Moment | "inside",
  victim: Victim,
  schemas: readonly string[],
): Promise<readonly SchemaResult[] | undefined> {
  const strike = () => kill[victim](run);
  const struck =
    moment === "inside"
      ? undefined
      : proxy.once(moment, async (cut) => {
          await strike();
          // What a dead process holds back is never sent.
          if (victim === "process") cut();
        });
  const run = startFleet({
    connection: moment === "inside" ? database.connection : proxy.connection,
    scripts: markedScripts(revisions),
    targets: Object.fromEntries(schemas.map((schema) => [schema, "head"])),
    concurrency: 1,
    waitMs: 20_000,
  });
  if (struck) await Promise.race([struck, run.results]);
  else await sleeping(database).then(strike);
  proxy.disarm();
  return run.results;
}

/** Holds after any fault, when what the dead process had begun has ended: see the first part of docs/guarantees.md. */
async function holds(schemas: readonly string[]): Promise<void> {
  await expect.poll(() => ourBackends(database), { timeout: 10_000 }).toEqual([]);
  expect(await advisoryLocks(database)).toBe(0);
  for (const schema of schemas) expect(await disagreements(database, schema, revisions)).toEqual([]);
}

/** The next up: ends at the head, each revision having run exactly once. */
async function nextFinishes(schemas: readonly string[]): Promise<void> {
  const results = await up(database.connection, Object.fromEntries(schemas.map((name) => [name, wish(history)])));
  expect(results.map(({ to, problems }) => [to, problems])).toEqual(schemas.map(() => ["0004_last", []]));
  await holds(schemas);
  for (const schema of schemas) {
    expect((await events(database, schema)).filter((event) => event.endsWith("done")).toSorted()).toEqual(
      revisions.map(({ id }) => `${id} up done`),
    );
  }
}

const victims: readonly Victim[] = ["process", "backend", "server"];

describe.each(victims)("a SIGKILL or termination of the %s", (victim) => {
  test.each([
    ["before the first step", { query: /0001_first.*COMMIT/s, when: "before" }, []],
    ["between two steps", { query: /0002_second.*COMMIT/s, when: "before" }, ["1 0001_first applied"]],
    [
      "at COMMIT, when only the server knows that it succeeded",
      { query: /0002_second.*COMMIT/s, when: "after" },
      ["1 0001_first applied", "2 0002_second applied"],
    ],
  ] as const)("%s", async (_, moment, left) => {
    const schemas = await freshSchemas();
    const results = await killedAt(moment, victim, schemas);
    await holds(schemas);
    if (victim === "process") {
      expect(results).toBeUndefined();
      expect(await ledgerRows(database, schemas[0]).catch(() => [])).toEqual(left);
    } else if (victim === "server") {
      // Also where the server's last words are those of an administrator: "57P01, unexpected postmaster exit".
      expect(results).toMatchObject(schemas.map(() => ({ to: "0004_last", problems: [] })));
    } else {
      expect(results).toMatchObject([{ problems: [{ code: "connection-lost", byAdmin: true }] }]);
    }
    await nextFinishes(schemas);
  });

  test("inside a step", async () => {
    const schemas = await freshSchemas();
    await killedAt("inside", victim, schemas);
    await holds(schemas);
    await nextFinishes(schemas);
  });

  test("between schemas", async () => {
    const schemas = await freshSchemas();
    await killedAt({ query: /pg_advisory_unlock/, when: "after" }, victim, schemas).catch(() => {});
    await holds(schemas);
    expect(await ledgerRows(database, schemas[0])).toHaveLength(4);
    await nextFinishes(schemas);
  });

  test.each([
    ["before its statement", { query: /^CREATE INDEX/, when: "before" }],
    ["before its last row", { query: /'0003_index', 'up', 'done'/, when: "before" }],
  ] as const)("at an index that is built outside a transaction, %s: marked, and resumed", async (_, moment) => {
    const schemas = await freshSchemas();
    await killedAt(moment, victim, schemas);
    await holds(schemas);
    if (victim === "process") expect((await ledgerRows(database, schemas[0])).at(-1)).toBe("3 0003_index applying");
    await nextFinishes(schemas);
  });
});

describe.each(["backend", "server"] as const)("a kill of the %s between a script and its ledger row", (victim) => {
  test("leaves neither", async () => {
    const schemas = await freshSchemas();
    const [schema] = schemas;
    await up(database.connection, { [schema]: wish(history, { target: "0001_first" }) });
    const other = new pg.Client(clientConfig(database.connection));
    other.on("error", () => {});
    await other.connect();
    // Writing the row has to wait for this, and by then the script has run.
    await other.query(`BEGIN; LOCK TABLE ${schema}.migration_ledger IN SHARE MODE`);
    const run = startFleet({
      connection: database.connection,
      scripts: markedScripts(revisions),
      targets: { [schema]: "0002_second" },
      concurrency: 1,
      waitMs: 20_000,
    });
    const waits = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = $1`;
    await expect.poll(() => database.query(waits, [APPLICATION_NAME]), { timeout: 10_000 }).toHaveLength(1);
    await kill[victim](run);
    await other.end().catch(() => {});
    const results = await run.results;
    await holds(schemas);
    // An administrator who ends a session means it; a server that comes back is none, and the run went on by itself.
    const [problems, rows] = victim === "server" ? [[], 2] : [[{ code: "connection-lost", byAdmin: true }], 1];
    expect(results).toMatchObject([{ problems }]);
    expect(await ledgerRows(database, schema)).toHaveLength(rows);
    await nextFinishes(schemas);
  });
});
