import { randomUUID } from "node:crypto";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Plan, Step } from "../plan/plan.ts";
import { waysOf } from "../plan/ways.ts";
import { lockKey } from "../postgres/advisory-lock.ts";
import { type HandOver, handOverSql } from "../postgres/hand-over.ts";
import { preambleOf } from "../postgres/preamble.ts";
import type { Run } from "../postgres/record-step.ts";
import { resumption } from "../postgres/resume.ts";
import { quoteText } from "../postgres/session.ts";
import { type Message, type StepSettings, stepMessages } from "../postgres/step-messages.ts";
import { onlyInUp } from "./step-texts.ts";

const begun = new Set<string>();

/**
 * Writes the whole SQL of a preview into one file a stack, made of the same messages that an up sends, so that a person can
 * read it and psql can run it. Several resources of one program follow each other in it.
 *
 * @returns the file's path, relative to the project
 */
export function writeSqlFile(
  stack: string,
  plans: readonly Plan[],
  settings: StepSettings,
  actor: string,
  handOvers: readonly HandOver[] = [],
): string {
  const file = `.preview/${stack}.sql`;
  mkdirSync(dirname(file), { recursive: true });
  if (!begun.has(file)) writeFileSync(file, heading(stack));
  begun.add(file);
  const code = onlyInUp(plans);
  if (code !== undefined) appendFileSync(file, `-- Without ${comment(code)}: there it stops.\n`);
  const run = { id: randomUUID(), actor };
  for (const roles of handOvers) {
    const title = `\n-- ${comment(roles.schema)}: what is there goes to its roles\n`;
    appendFileSync(file, title + locked(roles.schema, [handOverSql(roles, settings)]));
  }
  for (const way of waysOf(plans)) appendFileSync(file, waySql(way, settings, run));
  return file;
}

/** Schemas that go the same way whose SQL is written for each; of more the first one's, or the file would be of no use. */
const MANY = 10;

function waySql(way: readonly Plan[], settings: StepSettings, run: Run): string {
  const shown = way.length > MANY ? way.slice(0, 1) : way;
  const [first] = shown;
  const others = way.slice(shown.length).map((plan) => `\n--   ${comment(plan.schema)}`);
  const same =
    first && others.length > 0 ? `\n-- The same as for ${comment(first.schema)} in:${others.join("")}\n` : "";
  return shown.map((plan) => planSql(plan, settings, run)).join("") + same;
}

function heading(stack: string): string {
  return `-- What pulumi up would run on stack ${stack}. To run it by hand: psql -f FILE.\n\\set ON_ERROR_STOP on\n`;
}

function planSql(plan: Plan, settings: StepSettings, run: Run): string {
  const { schema, from, to, steps } = plan;
  const texts = steps.flatMap((step, index) => {
    const preamble = index === 0 ? preambleOf(plan, settings.owner) : [];
    const messages = stepMessages(schema, step, settings, run, preamble);
    // Where TypeScript would run the file stops, and has not entered before that it began.
    const shown = step.script.code ? messages.filter(({ code }) => code) : messages;
    return shown.map((message) => messageSql(schema, step, message));
  });
  return `\n-- ${comment(schema)}: ${comment(from)} -> ${comment(to)}\n${locked(schema, texts)}`;
}

function locked(schema: string, texts: readonly string[]): string {
  const key = lockKey(schema);
  return [
    `DO $$ BEGIN IF NOT pg_catalog.pg_try_advisory_lock(${key}) THEN RAISE 'another run migrates this schema'; END IF; END $$;\n`,
    ...texts,
    `SELECT pg_catalog.pg_advisory_unlock(${key});\n`,
  ].join("");
}

/** A message; of a step that goes on after an interruption with what an up does first, as psql's own conditions. */
function messageSql(schema: string, step: Step, { text, statements: [statement] }: Message): string {
  const resumed = step.resumes && statement ? resumption(schema, statement) : undefined;
  if (!resumed) return text;
  const { look, clear, finished } = resumed;
  const broken = clear ? "state = 'invalid' AS broken, " : "";
  return [
    `SELECT ${broken}state <> ${quoteText(finished)} AS wanted FROM (${look}) AS index \\gset\n`,
    clear ? `\\if :broken\n${clear};\n\\endif\n` : "",
    `\\if :wanted\n${text}\\endif\n`,
  ].join("");
}

/** A name cannot end the comment it stands in. */
function comment(name: string): string {
  return name.replaceAll(/[\r\n]/g, " ");
}
