import { splitIntoWaves } from "../fleet/waves.ts";
import type { Plan } from "../plan/plan.ts";
import { schemaNames } from "../schema-name.ts";
import { bySchema, type Inputs, type Outputs } from "./inputs.ts";

/**
 * What a preview tells of a fleet as a whole: who is new, who is gone, who is left alone, and who goes first. What
 * becomes of those that are gone their own declarations say, where they have one.
 */
export function fleetNotes(inputs: Inputs, olds: Outputs | undefined, plans: readonly Plan[]): readonly string[] {
  const before = new Set(olds && bySchema(olds.current).keys());
  const now = new Set(inputs.schemas);
  const fresh = olds ? inputs.schemas.filter((schema) => !before.has(schema)) : [];
  const gone = [...before].filter((schema) => !now.has(schema));
  return [
    ...(fresh.length > 0 ? [`New here: ${schemaNames(fresh)}`] : []),
    ...(gone.length > 0 ? [`No longer here: ${schemaNames(gone)}`] : []),
    ...(inputs.excluded.length > 0 ? [`Excluded: ${schemaNames(inputs.excluded)}${nobody(now)}`] : []),
    ...waveNotes(inputs, plans),
  ];
}

/** A fleet of which all are excluded is as good as none, which someone should know. */
function nobody(schemas: ReadonlySet<string>): string {
  return schemas.size === 0 ? "; no schema is left to migrate" : "";
}

function waveNotes(inputs: Inputs, plans: readonly Plan[]): readonly string[] {
  const waves = wavesOf(inputs, plans);
  if (inputs.waves.length === 0 || waves.length === 0) return [];
  return [`Waves: ${waves.map(schemaNames).join("; then ")}`];
}

/** True where nothing of the first wave has steps to take: an earlier up has done it, and the later ones wait for the check all the same. */
export function isLaterWave({ schemas, waves }: Inputs, plans: readonly Plan[]): boolean {
  const [first = []] = splitIntoWaves(schemas, waves);
  return plans.every((plan) => plan.steps.length === 0 || !first.includes(plan.schema));
}

/** The waves of the schemas that have steps to take. */
export function wavesOf({ schemas, waves }: Inputs, plans: readonly Plan[]): readonly (readonly string[])[] {
  const moving = new Set(plans.filter((plan) => plan.steps.length > 0).map((plan) => plan.schema));
  return splitIntoWaves(schemas, waves)
    .map((wave) => wave.filter((schema) => moving.has(schema)))
    .filter((wave) => wave.length > 0);
}
