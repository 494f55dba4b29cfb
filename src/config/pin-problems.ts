import type { Problem } from "../problem.ts";
import { firstOf, list } from "../problems/wording.ts";

/** What a fleet's config says about its schemas. */
export interface Pinning {
  readonly schemas: readonly string[];
  readonly schemasQuery?: string | undefined;
  readonly pins: Readonly<Record<string, string>>;
}

/**
 * Pins of schemas that a fleet does not own. Where it owns none at all, what should have found them is told instead: the pins
 * may well be right.
 *
 * @param someExcluded whether it would own more if none were excluded
 */
export function pinProblems(pinning: Pinning, owned: readonly string[], someExcluded: boolean): readonly Problem[] {
  const known = new Set(owned);
  const unknown = Object.keys(pinning.pins).filter((pinned) => !known.has(pinned));
  if (unknown.length > 0 && owned.length === 0) return [noneFound(pinning, unknown, someExcluded)];
  return unknown.map((schema) => ({
    code: "config",
    key: `pins.${schema}`,
    got: "a schema that is not in this stack",
    wants: `one of ${firstOf([...known])}`,
    fix: { say: "Remove it", commands: [{ run: "rm", path: ["pins", schema] }] },
  }));
}

function noneFound(pinning: Pinning, pinned: readonly string[], someExcluded: boolean): Problem {
  const [key, got] = someExcluded
    ? ["exclude", "entries that leave no schema"]
    : pinning.schemasQuery !== undefined
      ? ["schemasQuery", "no schema from it"]
      : ["schemas", `${list(pinning.schemas.map((pattern) => JSON.stringify(pattern)))}, which no schema fits`];
  return {
    code: "config",
    key,
    got,
    wants: `schemas, since there are pins: ${firstOf(pinned)}`,
    fix: { say: "If there are to be none, remove the pins", commands: [{ run: "rm", path: ["pins"] }] },
  };
}
