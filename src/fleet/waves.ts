import { fitsAny } from "../schema-name.ts";

/** Names, patterns, and shares of all schemas, like `10%`. */
export type Wave = readonly string[];

/**
 * Which schemas go together, wave after wave; what no wave names comes last. A schema goes with the first wave that it fits.
 * A share takes the first of what is left by then, up to that part of all. A wave that takes none is left out.
 */
export function splitIntoWaves(schemas: readonly string[], waves: readonly Wave[]): readonly (readonly string[])[] {
  let left = schemas;
  const taken = waves.map((wave) => {
    const chosen = new Set(left.filter((schema) => fitsAny(schema, wave)));
    const most = Math.ceil((schemas.length * shareOf(wave)) / 100);
    for (const schema of left.filter((name) => !chosen.has(name)).slice(0, most)) chosen.add(schema);
    left = left.filter((schema) => !chosen.has(schema));
    return schemas.filter((schema) => chosen.has(schema));
  });
  return [...taken, left].filter((wave) => wave.length > 0);
}

/** True for a share that takes some: `1%` to `100%`. */
export function isShare(entry: string): boolean {
  return /^([1-9]\d?|100)%$/.test(entry);
}

/** The percents of a wave. */
function shareOf(wave: Wave): number {
  return wave.filter(isShare).reduce((sum, entry) => sum + Number.parseInt(entry, 10), 0);
}
