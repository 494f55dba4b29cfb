import type { Problem } from "../problem.ts";

/** A fleet's claim to schemas of one database. */
export interface Claim {
  readonly fleet: string;
  /** What tells databases apart: `host:port/database`. */
  readonly database: string;
  readonly schemas: readonly string[];
}

/** Schemas that two fleets own: each would take them to its own target. */
export function ownedTwice(claims: readonly Claim[]): readonly Problem[] {
  const owners = new Map<string, Claim>();
  const shared = new Map<string, { readonly fleets: readonly string[]; readonly schemas: string[] }>();
  for (const claim of claims) {
    for (const schema of claim.schemas) {
      const key = JSON.stringify([claim.database, schema]);
      const owner = owners.get(key);
      if (!owner || owner === claim) {
        owners.set(key, claim);
        continue;
      }
      const fleets = [owner.fleet, claim.fleet];
      const pair = shared.get(fleets.join("\n")) ?? { fleets, schemas: [] };
      shared.set(fleets.join("\n"), pair);
      pair.schemas.push(schema);
    }
  }
  return [...shared.values()].map(({ fleets, schemas }) => ({ code: "owned-twice", schemas, fleets }));
}
