import { ownedTwice } from "../fleet/owned-twice.ts";
import { databaseName } from "../postgres/connection.ts";
import { type Selected, selectSchemas } from "../postgres/select-schemas.ts";
import { refuseIfAny } from "../problem.ts";
import { type NamedFleet, parseFleets, placed } from "./fleets.ts";
import type { Environment } from "./keys.ts";
import { pinProblems } from "./pin-problems.ts";
import { rolesTwice } from "./role-problems.ts";
import { waveProblems } from "./wave-problems.ts";

/** A fleet with the schemas that it owns now. */
export interface Fleet extends Omit<NamedFleet, "schemas" | "schemasQuery">, Selected {}

/**
 * The fleets that a stack's config describes, with the schemas they own now.
 *
 * @throws Refusal
 */
export async function findFleets(
  values: Readonly<Record<string, unknown>>,
  environment: Environment,
): Promise<readonly Fleet[]> {
  const parsed = parseFleets(values, environment);
  const fleets = await Promise.all(
    parsed.map(async ({ schemas, schemasQuery, ...fleet }) => ({
      ...fleet,
      ...(await selectSchemas(fleet.connection, { schemas, schemasQuery, exclude: fleet.exclude })),
    })),
  );
  const claims = fleets.map(({ name, connection, schemas }) => ({
    fleet: name,
    database: databaseName(connection),
    schemas,
  }));
  refuseIfAny([
    ...parsed.flatMap((fleet, index) => {
      const { schemas = [], excluded = [] } = fleets[index] ?? {};
      return placed(pinProblems(fleet, schemas, excluded.length > 0), fleet.name, values);
    }),
    ...waveProblems(fleets),
    ...ownedTwice(claims),
    ...rolesTwice(fleets),
  ]);
  return fleets;
}
