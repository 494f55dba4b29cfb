/** Deploys in a process of its own, which can be killed: a task a line from its input, an answer a line on its output. */
import { createInterface } from "node:readline";
import type { SchemaResult } from "../../src/fleet/run-schema.ts";
import { readHistory } from "../../src/history/read-history.ts";
import { targetOf } from "../../src/history/target.ts";
import type { Connection } from "../../src/postgres/connection.ts";
import { withDatabase } from "../../src/postgres/database.ts";
import { type Problem, Refusal } from "../../src/problem.ts";
import { planAll } from "../../src/pulumi/plan-all.ts";
import { up } from "../support/migrate.ts";

/** What an up is told: connection, folder and config. */
export interface DeployTask {
  readonly connection: Connection;
  readonly folder: string;
  readonly schemas: readonly string[];
  readonly target: string;
  readonly pins: Readonly<Record<string, string>>;
  readonly allowOutOfOrder: boolean;
  readonly downFrom?: "folder" | "ledger" | undefined;
}

export type Answer =
  | { readonly kind: "refused"; readonly problems: readonly Problem[] }
  | { readonly kind: "done"; readonly results: readonly SchemaResult[] };

/** As an up of the resource does it: all schemas are planned, then each is migrated. */
async function deploy({
  connection,
  folder,
  schemas,
  allowOutOfOrder,
  downFrom,
  ...places
}: DeployTask): Promise<Answer> {
  try {
    const history = readHistory(folder);
    const wishes = Object.fromEntries(
      schemas.map((schema) => [schema, { history, target: targetOf(places, schema), allowOutOfOrder, downFrom }]),
    );
    const { plans } = await withDatabase(connection, 2, (database) =>
      planAll(database, connection, new Map(Object.entries(wishes))),
    );
    const errands = plans.map((plan) => [plan.schema, { ...wishes[plan.schema], target: plan.to, plan }]);
    return {
      kind: "done",
      results: await up(connection, Object.fromEntries(errands), { concurrency: schemas.length }),
    };
  } catch (error) {
    if (error instanceof Refusal) return { kind: "refused", problems: error.problems };
    throw error;
  }
}

if (import.meta.main) {
  for await (const line of createInterface(process.stdin)) console.log(JSON.stringify(await deploy(JSON.parse(line))));
}
