import { setTimeout as pause } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import type { Fleet } from "../config/find-fleets.ts";
import { databaseName, serverName } from "../postgres/connection.ts";
import { type Problem, Refusal } from "../problem.ts";
import { errorText } from "../problem-text.ts";
import { rolesOf, sharedRoles } from "../role-name.ts";
import { schemaNames } from "../schema-name.ts";

/** What of a fleet tells whether it still owns something. */
export type Owner = Pick<Fleet, "name" | "connection" | "listed" | "schemas" | "excluded" | "owner" | "app">;

/** A declared schema or role that Pulumi is about to drop. */
export interface Dropped {
  readonly kind: "schema" | "role";
  readonly name: string;
  /** Of a schema: where it is. */
  readonly database?: string | undefined;
  /** Its name in the program: `FLEET-NAME`. */
  readonly resource: string;
}

/**
 * Refuses, in a preview already, to drop a schema or role that a fleet goes on owning: with `onDestroy: drop`, one that goes from
 * its name to a pattern or over to another fleet is gone for Pulumi, whose program declares by name what a fleet lists. Nor does a
 * fleet that goes to another database drop what it leaves behind: Pulumi replaces each schema's declaration, and would delete the
 * one before first. What is dropped all the same is told, also by an up and a destroy.
 *
 * Pulumi runs hooks on deletes by their name and only where the program runs: this one has to be made in any program, also where
 * nothing is dropped any more, and `pulumi destroy` asks for `--run-program`.
 */
export function guardDrops(fleets: readonly Owner[]): pulumi.ResourceHook {
  const tell = tellTogether((schemas) =>
    pulumi.log.warn(`DROPS ${schemaNames(schemas)}, with all that is there: onDestroy was drop.`),
  );
  return new pulumi.ResourceHook(
    "still-owned",
    async ({ type, oldInputs, name: resource }) => {
      const { name, database } = (oldInputs ?? {}) as { readonly name: string; readonly database?: string };
      const kind = type.endsWith(":Schema") ? "schema" : "role";
      const problem = stillOwned(fleets, { kind, name, database, resource });
      if (problem) throw new Error(errorText(new Refusal([problem])));
      if (kind === "schema") await tell(name);
    },
    { onDryRun: true },
  );
}

/** How long is waited for others: Pulumi deletes several at once, and each delete waits for its hook. */
const TOGETHER_MS = 100;

/** Tells names that come at the same time in one message, of which each of them waits for the end. */
function tellTogether(tell: (names: readonly string[]) => Promise<void>): (name: string) => Promise<void> {
  let names: string[] = [];
  let told: Promise<void> | undefined;
  const tellAll = async () => {
    await pause(TOGETHER_MS);
    const all = names.sort();
    [names, told] = [[], undefined];
    await tell(all);
  };
  return (name) => {
    names.push(name);
    told ??= tellAll();
    return told;
  };
}

/** Why something must not be dropped; undefined where nobody owns it any more, or where its own declaration is destroyed. */
export function stillOwned(fleets: readonly Owner[], dropped: Dropped): Problem | undefined {
  const { kind, name } = dropped;
  const home = fleets.find((fleet) => dropped.resource === `${fleet.name}-${name}`);
  // A change of the server alone replaces nothing: Pulumi takes what is declared to be there.
  if (home && kind === "schema" && dropped.database !== home.connection.database) {
    const { database = "" } = dropped;
    return { code: "left-behind", name, database, fleet: home.name, now: databaseName(home.connection) };
  }
  if (home && namesIn(home, kind, home.listed).has(name)) return undefined;
  // Where its fleet is gone from the config, nobody knows its server any more.
  const near = fleets.filter((fleet) =>
    kind === "role"
      ? !home || serverName(fleet.connection) === serverName(home.connection)
      : fleet.connection.database === dropped.database &&
        (!home || databaseName(fleet.connection) === databaseName(home.connection)),
  );
  const owner = near.find((fleet) => namesIn(fleet, kind, [...fleet.schemas, ...fleet.excluded]).has(name));
  return owner && { code: "still-owned", kind, name, fleet: owner.name };
}

function namesIn(fleet: Owner, kind: Dropped["kind"], schemas: readonly string[]): ReadonlySet<string> {
  if (kind === "schema") return new Set(schemas);
  const roles = rolesOf(schemas, fleet).flatMap(({ owner, app }) => [owner, app]);
  return new Set([sharedRoles(fleet).owner, ...roles].filter((role) => role !== undefined));
}
