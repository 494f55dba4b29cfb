import type { Problem } from "../problem.ts";
import { type NamedChange, namedChanges } from "../script/named-changes.ts";
import type { ParsedScript } from "../script/parse-script.ts";
import { setsSearchPath } from "../script/session-reset.ts";
import { setsDefaultsForAll } from "../script/targets.ts";
import { type Plan, runsScript, type Step, scriptsThatRun } from "./plan.ts";

/** True where a step, run for a schema, defines something in another one: such steps of different schemas collide. */
export function definesElsewhere({ script }: Step, schema: string): boolean {
  return namedChanges(script).some((change) => change.defines && change.schema !== schema);
}

/** Definitions in schemas that scripts name, which fail in the second schema of a fleet: one problem for each file and name. */
export function failsTheSecondTime(plans: readonly Plan[]): readonly Problem[] {
  return elsewhere(plans).flatMap(({ script, names, changes }) => {
    const failing = changes.filter(({ repeatable }) => !repeatable);
    return told(script, names, failing, true);
  });
}

/** What scripts do in schemas that they name, and where they change the search path: no error, but seldom what was meant. */
export function elsewhereNotes(plans: readonly Plan[]): readonly Problem[] {
  return [
    ...elsewhere(plans).flatMap(({ script, names, changes }) => told(script, names, changes, false)),
    ...scriptsThatRun(plans).flatMap((script) => [...defaultsForAll(script), ...pathsSet(script)]),
  ];
}

/** Some changes of a script in one schema, told with the first of them. */
function told(
  { file }: ParsedScript,
  names: string,
  changes: readonly NamedChange[],
  fails: boolean,
): readonly Problem[] {
  const [first, ...others] = changes;
  if (!first) return [];
  const { line, sql: text } = first.statement;
  const whole = changes.every((change) => change.whole);
  return [{ code: "other-schema", file, line, names, text, others: others.length, whole, fails }];
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

interface Elsewhere {
  readonly script: ParsedScript;
  /** The schema that the changes name. */
  readonly names: string;
  readonly changes: readonly NamedChange[];
}

/** The changes of scripts in other schemas than those that they run for, by script and by the schema that is named. */
function elsewhere(plans: readonly Plan[]): readonly Elsewhere[] {
  return scriptsThatRun(plans).flatMap((script) => {
    const all = namedChanges(script);
    if (all.length === 0) return [];
    const running = plans.filter(({ steps }) => steps.some((step) => step.script === script && runsScript(step)));
    const changes = all.filter((change) => running.some(({ schema }) => schema !== change.schema));
    return [...Map.groupBy(changes, ({ schema }) => schema)].map(([names, some]) => ({ script, names, changes: some }));
  });
}
