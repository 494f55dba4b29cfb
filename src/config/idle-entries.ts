import { isShare, type Wave } from "../fleet/waves.ts";
import { nearest } from "../nearest.ts";
import type { Problem } from "../problem.ts";
import { fitsAny, isPattern } from "../schema-name.ts";
import { ONLY_FLEET } from "./fleets.ts";

/** What of a fleet says whom it leaves alone, and who goes first. */
export interface Choosing {
  readonly name: string;
  readonly schemas: readonly string[];
  /** Those that it would own if they were not excluded. */
  readonly excluded: readonly string[];
  readonly exclude: readonly string[];
  readonly waves: readonly Wave[];
}

/**
 * Entries that fit no schema: a mistyped one leaves nobody alone, and nobody goes first by it. Each may find somebody later, so
 * they are told as warnings, once, and not where there is no schema yet.
 */
export function idleEntries(fleets: readonly Choosing[]): readonly Problem[] {
  return [...fleets.flatMap(idleExcludes), ...idleWaves(fleets)];
}

function idleExcludes({ name, schemas, excluded, exclude }: Choosing): readonly Problem[] {
  const all = [...schemas, ...excluded];
  const key = name === ONLY_FLEET ? "exclude" : `fleets.${name}.exclude`;
  return idle(exclude, excluded, all).map((entry) => ({
    code: "idle-entry",
    key,
    entry,
    near: nearName(entry, schemas),
  }));
}

/** Several fleets may share their waves; names that fit nobody are refused. */
function idleWaves(fleets: readonly Choosing[]): readonly Problem[] {
  const owned = fleets.flatMap(({ schemas }) => schemas);
  const patterns = fleets.flatMap(({ waves }) => waves.flat()).filter((entry) => isPattern(entry) && !isShare(entry));
  return idle(patterns, owned, owned).map((entry) => ({ code: "idle-entry", key: "waves", entry, near: undefined }));
}

/** Entries that fit none of those they could, where there are schemas at all. */
function idle(entries: readonly string[], fitting: readonly string[], all: readonly string[]): readonly string[] {
  if (all.length === 0) return [];
  const names = new Set(fitting);
  return [...new Set(entries)].filter((entry) =>
    isPattern(entry) ? !fitting.some((name) => fitsAny(name, [entry])) : !names.has(entry),
  );
}

function nearName(entry: string, schemas: readonly string[]): string | undefined {
  return isPattern(entry) ? undefined : nearest(entry, schemas);
}
