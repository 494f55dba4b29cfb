import type pg from "pg";
import type { Wish } from "../fleet/run-schema.ts";
import { compareIds, type History } from "../history/revision.ts";
import { newExtensions } from "../plan/new-extensions.ts";
import type { Plan } from "../plan/plan.ts";
import { planEach } from "../plan/plan-each.ts";
import { sharedDrops } from "../plan/shared-drops.ts";
import { isUnused } from "../plan/snapshot.ts";
import type { Connection } from "../postgres/connection.ts";
import { countLosses, type Loss, losing } from "../postgres/count-losses.ts";
import { type Database, ownSettingsOf } from "../postgres/database.ts";
import { dependentsOf } from "../postgres/dependents.ts";
import { findHandOvers, type HandOver } from "../postgres/hand-over.ts";
import { readLedgers } from "../postgres/ledger-table.ts";
import { preflight } from "../postgres/preflight.ts";
import { examineRoles } from "../postgres/role-rights.ts";
import { shareOut, signInFor } from "../postgres/share-out.ts";
import { unplacedExtensions } from "../postgres/unplaced-extensions.ts";
import { type Problem, refuseIfAny } from "../problem.ts";
import { rolesOf } from "../role-name.ts";
import { snapshotHere } from "../snapshot/snapshot-here.ts";
import { downChecksums, type Inputs } from "./inputs.ts";

/** What is to happen to all schemas of a resource. */
export interface FleetPlan {
  /** As the server allows. */
  readonly wishes: ReadonlyMap<string, Wish>;
  readonly plans: readonly Plan[];
  /** What the steps drop that holds something. */
  readonly losses: readonly Loss[];
  /** What the steps take away from all schemas of the database. */
  readonly sharedDrops: readonly Problem[];
  /** What goes to the schemas' roles first. */
  readonly handOvers: readonly HandOver[];
  /** Roles that do not exist yet; something else has to create them before the plans run. */
  readonly missingRoles: readonly string[];
}

/**
 * Plans every schema from ledgers read at once, in a session that is read-only meanwhile: PostgreSQL itself holds us to it.
 * Used by the preview, and again before the first change of an up.
 *
 * @throws Refusal with the problems of all schemas together
 */
export async function planAll(
  database: Database,
  connection: Connection,
  wishes: ReadonlyMap<string, Wish>,
  { owner, app, searchPath }: Pick<Inputs, "owner" | "app" | "searchPath"> = { searchPath: [] },
): Promise<FleetPlan> {
  const schemas = [...wishes.keys()];
  const [obstacles] = await Promise.all([
    preflight(database, connection, schemas),
    signInFor(database, schemas.length),
  ]);
  refuseIfAny(obstacles);
  const reading = looking(database);
  return reading.withClient(async (client) => {
    const roles = owner === undefined ? [] : rolesOf(schemas, { owner, app });
    const { problems, missing, shutOut } = await examineRoles(client, roles, searchPath);
    refuseIfAny(problems);
    const allowed = await onThisServer(client, wishes);
    const plans = planEach(await shareOut(reading, client, schemas, readLedgers), allowed);
    refuseIfAny(await unplacedExtensions(client, newExtensions(plans)));
    const handOvers = await findHandOvers(client, roles, shutOut);
    const losses = await shareOut(reading, client, losing(plans), countLosses);
    const shared = await dependentsOf(client, sharedDrops(plans));
    return { wishes: allowed, plans, losses, sharedDrops: shared, handOvers, missingRoles: missing };
  });
}

/** The same database in sessions that write nothing, and neither wait long nor keep others waiting. */
function looking(database: Database): Database {
  return {
    ...database,
    withClient: (callback) =>
      database.withClient(async (client) => {
        await client.query(
          // Rows that a policy hides would not be counted, in a table or in a ledger: with row_security off that is an error.
          "SET default_transaction_read_only = on; SET row_security = off; SET lock_timeout = '2s'; SET statement_timeout = '20s';" +
            // A role's serializable and deferrable would wait for every writer that is (manual, SET TRANSACTION).
            " SET default_transaction_deferrable = off",
        );
        const result = await callback(client);
        await client.query(`RESET ALL; ${ownSettingsOf(client)}`);
        return result;
      }),
  };
}

/** Without the snapshot where it was proven on another major version. Asked only where there is one. */
async function onThisServer(client: pg.ClientBase, wishes: ReadonlyMap<string, Wish>): Promise<FleetPlan["wishes"]> {
  const [first] = wishes.values();
  if (!first?.snapshot || isUnused(first.snapshot)) return wishes;
  const snapshot = await snapshotHere(client, first.snapshot);
  return new Map([...wishes].map(([schema, wish]) => [schema, { ...wish, snapshot }]));
}

/** Refuses to run anything but what the engine's plan holds: the folder is read again after the preview. */
export function refuseChangedFolder(inputs: Inputs, history: History): void {
  const ups = new Map(history.map((revision) => [revision.id, revision.checksum]));
  const downs = new Map(Object.entries(downChecksums(history)));
  const changed = new Set([
    ...Object.keys(inputs.revisions).filter((id) => ups.get(id) !== inputs.revisions[id]),
    ...[...downs.keys(), ...Object.keys(inputs.downs)].filter((id) => downs.get(id) !== inputs.downs[id]),
  ]);
  refuseIfAny(changed.size > 0 ? [{ code: "folder-changed", revisions: [...changed].sort(compareIds) }] : []);
}
