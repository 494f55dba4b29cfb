import { isShare, type Wave } from "../fleet/waves.ts";
import type { Problem } from "../problem.ts";
import { firstOf } from "../problems/wording.ts";
import { isPattern } from "../schema-name.ts";

/**
 * Entries of waves that would take nobody: without a word, a mistyped canary would be no canary, and all go at once. Several
 * fleets may share their waves, so an entry has to be right for one of them. A pattern may find nobody yet, and so may all while
 * there is no schema.
 */
export function waveProblems(
  fleets: readonly { readonly waves: readonly Wave[]; readonly schemas: readonly string[] }[],
): readonly Problem[] {
  const owned = new Set(fleets.flatMap(({ schemas }) => schemas));
  if (owned.size === 0) return [];
  const entries = new Set(fleets.flatMap(({ waves }) => waves.flat()));
  return [...entries]
    .filter((entry) => !isShare(entry) && !isPattern(entry) && !owned.has(entry))
    .map((entry) => ({
      code: "config",
      key: "waves",
      got: `${JSON.stringify(entry)}, which is no schema of this stack`,
      wants: entry.endsWith("%") ? "a share from 1% to 100%" : `a share, a pattern, or one of ${firstOf([...owned])}`,
      fix: { say: "Set it", commands: [{ run: "set", path: ["waves", 0, 0], value: "SCHEMA" }] },
    }));
}
