import type { Problem } from "../problem.ts";
import { type NamedChange, namedChanges } from "../script/named-changes.ts";
import type { ParsedScript } from "../script/parse-script.ts";
import { setsSearchPath } from "../script/session-reset.ts";
import { setsDefaultsForAll } from "../script/targets.ts";
import { type Plan, runsScript, type Step } from "./plan.ts";

/** True where a step, run for a schema, defines something in another one: such steps of different schemas collide. */
export function definesElsewhere({ script }: Step, schema: string): boolean {
  return namedChanges(script).some((change) => change.defines && change.schema !== schema);
}

/** Definitions in schemas that scripts name, which fail in the second schema of a fleet: one problem for each file and name. */
export function failsTheSecondTime(plans: readonly Plan[]): readonly Problem[] {
  return elsewhere(plans).flatMap(([{ file }, schema, changes]): readonly Problem[] => {
    const [first, ...others] = changes.filter(({ repeatable }) => !repeatable);
    if (!first) return [];
    const { line, sql: text } = first.statement;
    const [count, whole] = [others.length, false];
    return [{ code: "other-schema", file, line, names: schema, text, others: count, whole, fails: true }];
  });
}

/** What scripts do in schemas that they name, and where they change the search path: no error, but seldom what was meant. */
export function elsewhereNotes(plans: readonly Plan[]): readonly Problem[] {
  const scripts = scriptsOf(plans);
  const changes = elsewhere(plans).flatMap(([{ file }, names, [first, ...others]]): readonly Problem[] => {
    if (!first) return [];
    const { line, sql: text } = first.statement;
    const whole = [first, ...others].every((change) => change.whole);
    return [{ code: "other-schema", file, line, names, text, others: others.length, whole, fails: false }];
  });
  return [...changes, ...scripts.flatMap(([script]) => [...defaultsForAll(script), ...pathsSet(script)])];
}

function defaultsForAll({ file, statements }: ParsedScript): readonly Problem[] {
  return statements.flatMap(({ node, line, sql: text }) =>
    setsDefaultsForAll(node) ? [{ code: "all-schemas", file, line, text }] : [],
  );
}

function pathsSet({ file, statements }: ParsedScript): readonly Problem[] {
  // At the end nothing comes behind it.
  const found = statements.slice(0, -1).find(({ node }) => setsSearchPath(node));
  return found ? [{ code: "sets-path", file, line: found.line, text: found.sql }] : [];
}

/** The changes of scripts in other schemas than those that they run for, by script and by the schema that is named. */
function elsewhere(plans: readonly Plan[]): readonly (readonly [ParsedScript, string, readonly NamedChange[]])[] {
  return scriptsOf(plans).flatMap(([script, schemas]) => {
    const changes = namedChanges(script).filter(({ schema }) => schemas.some((each) => each !== schema));
    return [...Map.groupBy(changes, ({ schema }) => schema)].map(([schema, some]) => [script, schema, some] as const);
  });
}

/** The scripts that would run, each once, with the schemas that they would run for. */
function scriptsOf(plans: readonly Plan[]): readonly (readonly [ParsedScript, readonly string[]])[] {
  const runs = plans.flatMap(({ schema, steps }) => steps.filter(runsScript).map(({ script }) => ({ schema, script })));
  return [...Map.groupBy(runs, ({ script }) => script)].map(
    ([script, each]) => [script, each.map(({ schema }) => schema)] as const,
  );
}
