import { type FleetConfig, parseConfig } from "../config.ts";
import { type Problem, Refusal } from "../problem.ts";
import { belowFleet, howToMove } from "./how-to-set.ts";
import { type Environment, json } from "./keys.ts";

/** A fleet of a stack: the schemas that one SchemaMigration owns. */
export interface NamedFleet extends FleetConfig {
  /** Of the resource. */
  readonly name: string;
}

/** The resource's name where a stack has a single fleet. */
export const ONLY_FLEET = "migrations";

/** What each of several fleets says for itself. */
const OWN_KEYS = ["schemas", "schemasQuery", "exclude", "pins", "baseline", "adopt", "rolePasswords"];

/**
 * The fleets of a stack: one, which its keys describe, or those below `fleets`, for which the other keys are defaults.
 *
 * @param values by key without the project's name; lists and objects may be JSON, as Pulumi hands them over
 * @throws Refusal with the problems of all fleets together
 */
export function parseFleets(values: Readonly<Record<string, unknown>>, env: Environment): readonly NamedFleet[] {
  const { fleets: given, ...defaults } = values;
  const fleets = json(given ?? {});
  if (!isObject(fleets) || !Object.values(fleets).every(isObject)) {
    const wants = 'fleets by name, like {"tenants": {"schemas": ["tenant_*"]}}';
    throw new Refusal([{ code: "config", key: "fleets", got: notFleets(fleets), wants }]);
  }
  const named = Object.entries(fleets);
  if (named.length === 0) return [{ name: ONLY_FLEET, ...parseConfig(defaults, env) }];
  const problems: Problem[] = OWN_KEYS.filter((key) => isGiven(defaults[key])).map((key) => ({
    code: "config",
    key,
    got: "a value beside fleets",
    wants: "one in each fleet that it is meant for",
    fix: howToMove(key),
  }));
  const shared = Object.fromEntries(Object.entries(defaults).filter(([key]) => !OWN_KEYS.includes(key)));
  const parsed = named.flatMap(([name, own]) => {
    try {
      return [{ name, ...parseConfig({ ...shared, ...(own as Readonly<Record<string, unknown>>) }, env) }];
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problems.push(...error.problems.map((problem) => inFleet(problem, name, own)));
      return [];
    }
  });
  if (problems.length > 0) throw new Refusal(distinct(problems));
  return parsed;
}

/** Names alone: a password may stand beside. */
function notFleets(given: unknown): string {
  if (!isObject(given)) return "no fleets";
  const wrong = Object.entries(given).filter(([, fleet]) => !isObject(fleet));
  return `${wrong.map(([name]) => `"${name}"`).join(", ")} without keys of its own`;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Pulumi gives every declared key a default; these are empty. */
function isGiven(value: unknown): boolean {
  const text = typeof value === "string" ? value : JSON.stringify(value ?? "");
  return !["", '""', "[]", "{}"].includes(text);
}

/** Problems of a fleet with their place in the stack's config: below `fleets`, where it is one of several. */
export function placed(
  problems: readonly Problem[],
  fleet: string,
  { fleets = {} }: Readonly<Record<string, unknown>>,
): readonly Problem[] {
  const own: unknown = Reflect.get(Object(json(fleets)), fleet);
  return isObject(own) ? problems.map((problem) => inFleet(problem, fleet, own)) : problems;
}

/** A problem with its place: below the fleet where it says so itself, else where all fleets have it from. */
function inFleet(problem: Problem, fleet: string, own: object): Problem {
  if (problem.code !== "config" && problem.code !== "unknown-key") return problem;
  const [first = ""] = problem.key.split(".");
  if (!Object.hasOwn(own, first) && !OWN_KEYS.includes(first)) return problem;
  const key = `fleets.${fleet}.${problem.key}`;
  if (problem.code === "unknown-key") return { ...problem, key };
  return { ...problem, key, ...(problem.fix && { fix: belowFleet(problem.fix, fleet) }) };
}

/** What is wrong for every fleet is told once. */
function distinct(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}
