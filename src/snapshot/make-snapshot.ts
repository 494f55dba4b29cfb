import { randomUUID } from "node:crypto";
import type pg from "pg";
import { runSchema } from "../fleet/run-schema.ts";
import type { History } from "../history/revision.ts";
import { makePlan } from "../plan/make-plan.ts";
import { dependsOnDefaultPrivileges, type Snapshot } from "../plan/snapshot.ts";
import type { Connection } from "../postgres/connection.ts";
import { type Database, withDatabase } from "../postgres/database.ts";
import { factsSql, fingerprintSql, UNCOMPARED } from "../postgres/fingerprint.ts";
import { Pace } from "../postgres/pace.ts";
import { type StepSettings, sessionSettings } from "../postgres/step-messages.ts";
import { Refusal, type SnapshotRefusal } from "../problem.ts";
import { LEDGER } from "../script/ledger-writes.ts";
import { dumpSchema } from "./dump.ts";
import { changes, findData, lookAround } from "./look-around.ts";
import { relativeScript } from "./relative-script.ts";
import { unguessableName, withScratchDatabase } from "./scratch-database.ts";

/** A snapshot, and the SQL for its file. */
export interface MadeSnapshot {
  readonly snapshot: Omit<Snapshot, "script">;
  readonly sql: string;
}

/**
 * Replays a whole history, has pg_dump write down what it made, makes that once more from the dump, and compares the two. All in a
 * database of its own that is dropped again.
 *
 * @throws Refusal snapshot-refused where what the history makes is more than its structure, or the two differ
 */
export async function makeSnapshot(
  connection: Connection,
  history: History,
  settings: StepSettings,
): Promise<MadeSnapshot> {
  const last = history.at(-1);
  if (!last) refuse("no-revision");
  refuse(
    "typescript",
    history.flatMap(({ up }) => (up?.code ? [up.file] : [])),
  );
  return withScratchDatabase(connection, settings.searchPath, (scratch) =>
    withDatabase(scratch, 2, async (database) => {
      const schema = await replay(database, history, settings);
      const scope = { defaultPrivileges: dependsOnDefaultPrivileges(history) };
      const replayed = await database.withClient((client) => structureOf(client, schema, "", settings, scope));
      refuse(
        "uncompared",
        replayed.facts.flatMap((fact) => (fact.startsWith(UNCOMPARED) ? [fact.slice(UNCOMPARED.length)] : [])),
      );
      const dump = await dumpSchema(scratch, schema, [LEDGER]);
      const sql = relativeScript(dump, schema, settings.searchPath, scratch.user);
      const made = await database.withClient((client) => structureOf(client, unguessableName(), sql, settings, scope));
      refuse("differs", difference(replayed.facts, made.facts));
      const { fingerprint, server } = replayed;
      return { snapshot: { revision: last.id, fingerprint, server }, sql };
    }),
  );
}

/** Makes a schema by its history, and looks whether that is all that it made. */
async function replay(database: Database, history: History, settings: StepSettings): Promise<string> {
  const schema = unguessableName();
  const scripts = history.map(({ up }) => up?.sql).join("\n");
  const before = await database.withClient((client) => lookAround(client, schema, scripts));
  const wish = { history, target: "head", allowOutOfOrder: false };
  const { problems } = await runSchema(database, schema, wish, {
    run: { id: randomUUID(), actor: "snapshot" },
    settings,
    plan: makePlan,
    pace: new Pace(),
    oneByOne: (work) => work(),
    waitMs: 0,
    recoveryMs: 0,
    stop: new AbortController().signal,
    onStep: () => {},
    onRetry: () => {},
    onWait: () => {},
    onSaid: () => {},
    onSnapshotUnused: () => {},
    onFailed: () => {},
  });
  if (problems.length > 0) throw new Refusal(problems);
  await database.withClient(async (client) => {
    const after = await lookAround(client, schema, scripts);
    refuse(
      "outside",
      changes(before, after).map((what) => what.replaceAll(`${schema}.`, "")),
    );
    refuse("data", await findData(client, schema));
  });
  return schema;
}

interface Structure {
  readonly server: number;
  readonly fingerprint: string;
  readonly facts: readonly string[];
}

/** A schema's structure, after a script that makes it; what the script made is rolled back. */
async function structureOf(
  client: pg.ClientBase,
  schema: string,
  script: string,
  settings: StepSettings,
  scope: { readonly defaultPrivileges: boolean },
): Promise<Structure> {
  const create = script === "" ? [] : [`CREATE SCHEMA ${schema}`];
  const before = ["BEGIN", ...create, ...sessionSettings(schema, settings, "LOCAL"), script];
  await client.query(before.join(";\n"));
  const { rows: facts } = await client.query<{ fact: string }>(factsSql(schema, scope));
  const { rows: hashes } = await client.query<{ fingerprint: string; server: number }>(
    `SELECT fingerprint, current_setting('server_version_num')::integer / 10000 AS server FROM (${fingerprintSql(schema, scope)}) AS f`,
  );
  await client.query("ROLLBACK");
  const [hash] = hashes;
  if (!hash) throw new Error("the server answered without a row");
  return { ...hash, facts: facts.map(({ fact }) => fact) };
}

function difference(replayed: readonly string[], made: readonly string[]): readonly string[] {
  const [left, right] = [new Set(replayed), new Set(made)];
  const lacking = replayed.filter((fact) => !right.has(fact)).map((fact) => `- ${fact}`);
  const added = made.filter((fact) => !left.has(fact)).map((fact) => `+ ${fact}`);
  return [...lacking, ...added].sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1));
}

function refuse(why: "no-revision"): never;
function refuse(why: SnapshotRefusal, what: readonly string[]): void;
function refuse(why: SnapshotRefusal, what?: readonly string[]): void {
  if (what === undefined || what.length > 0) throw new Refusal([{ code: "snapshot-refused", why, what: what ?? [] }]);
}
