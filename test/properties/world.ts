import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestDatabase } from "../support/database.ts";
import { ourBackends } from "../support/own-server.ts";
import type { Proxy as FaultyProxy } from "../support/proxy.ts";
import { advisoryLocks } from "../support/sessions.ts";
import type { Fault, Permissions } from "./action.ts";
import type { Answer } from "./deploy-process.ts";
import type { Deployer } from "./deployer.ts";
import { type File, outsideTransaction, type Step, type Target } from "./model.ts";
import { everything, type Observation, observe } from "./observe.ts";
import { downScript, GROUND, idOf, upScript } from "./scripts.ts";

/** The real thing: schemas on a server, a folder of files, and the process that deploys. */
export interface World {
  readonly schemas: readonly string[];
  /** Makes the folder hold exactly these files. */
  readonly write: (files: readonly File[]) => void;
  readonly run: (config: Config, moment: StepMoment | undefined) => Promise<Ran>;
  readonly observe: (schema: string) => Promise<Observation>;
  /** For comparing before and after: any write at all shows. */
  readonly everything: () => Promise<unknown>;
}

export interface Config extends Permissions {
  readonly target: Target;
  /** By schema. */
  readonly pins: Readonly<Record<string, Target>>;
}

/** A fault, and the step that it strikes. */
export interface StepMoment {
  readonly fault: Fault;
  readonly schema: string;
  readonly step: Step;
}

export interface Ran {
  /** Undefined where it was killed. */
  readonly answer: Answer | undefined;
  /** Whether the moment of the fault came. */
  readonly struck: boolean;
}

export interface Stage {
  readonly database: TestDatabase;
  readonly proxy: Pick<FaultyProxy, "connection" | "once" | "disarm">;
  readonly deployer: Deployer;
  readonly folder: string;
}

let worlds = 0;

/** A fresh world for the callback: new schemas, an empty folder. */
export async function withWorld(stage: Stage, count: number, callback: (world: World) => Promise<void>): Promise<void> {
  const { database, proxy, deployer, folder } = stage;
  worlds += 1;
  const schemas = Array.from({ length: count }, (_, index) => `world_${worlds}_${index + 1}`);
  const dropped = schemas.map((schema) => `DROP SCHEMA IF EXISTS ${schema} CASCADE;`).join("");
  await database.query(schemas.map((s) => `CREATE SCHEMA ${s}; SET search_path TO ${s}; ${GROUND}`).join(""));
  try {
    await callback({
      schemas,
      write: (files) => writeFolder(folder, files),
      run: async ({ target, pins, allowOutOfOrder, downFrom }, moment) => {
        let struck = false;
        if (moment) {
          const { kind, when } = moment.fault;
          void proxy.once({ query: messageOf(moment), when }, async (cut) => {
            struck = true;
            if (kind === "kill") await deployer.kill();
            cut();
          });
        }
        const answer = await deployer.deploy({
          connection: proxy.connection,
          folder,
          schemas,
          target: targetText(target),
          pins: Object.fromEntries(Object.entries(pins).map(([schema, pin]) => [schema, targetText(pin)])),
          allowOutOfOrder,
          downFrom,
        });
        proxy.disarm();
        await settled(database);
        return { answer, struck };
      },
      observe: (schema) => observe(database, schema),
      everything: () => Promise.all(schemas.map((schema) => everything(database, schema))),
    });
  } finally {
    await database.query(dropped);
  }
}

function writeFolder(folder: string, files: readonly File[]): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of files) {
    const stem = join(folder, idOf(file.number));
    writeFileSync(`${stem}.up.sql`, upScript(file));
    if (file.down !== undefined) writeFileSync(`${stem}.down.sql`, downScript(file.number, file.down));
  }
}

function targetText(target: Target): string {
  return typeof target === "number" ? idOf(target) : target;
}

/** What the message looks like at which the fault strikes. */
function messageOf({ fault, schema, step }: StepMoment): RegExp {
  const id = idOf(step.number);
  const whole = outsideTransaction(step) ? fault.message : "done";
  if (whole === "statement") return new RegExp(`^[^;]*INDEX CONCURRENTLY "${id}"`);
  return new RegExp(`"${schema}"\\.migration_ledger .*'${id}', '${step.direction}', '${whole}'`, "s");
}

/** Waits until the server has noticed that its clients are gone, as the next run would. */
async function settled(database: TestDatabase): Promise<void> {
  const deadline = performance.now() + 30_000;
  while ((await ourBackends(database)).length > 0) {
    if (performance.now() > deadline) throw new Error("a session outlived its process");
    await sleep(5);
  }
  const locks = await advisoryLocks(database);
  if (locks > 0) throw new Error(`${locks} advisory locks are left`);
}
