import type pg from "pg";
import type { Plan, Step } from "../plan/plan.ts";
import { describeStatement } from "../script/describe-statement.ts";
import type { Holder } from "../script/effect.ts";
import { namedChanges } from "../script/named-changes.ts";
import { Renames } from "../script/renames.ts";
import { quoteName } from "./session.ts";

/** What a dropped table or column holds now, in one schema. */
export interface Loss {
  readonly schema: string;
  readonly holder: Holder;
  /** Rows of a table, values of a column; undefined where they could not be counted, and nothing says how many there are. */
  readonly count: number | undefined;
  /** False where the table is so large, or held by another session, that its planner statistics have to do. */
  readonly exact: boolean;
}

/** Larger tables are not counted: it would read them whole. */
const COUNTED_ROWS = 1_000_000;

/** The plans whose steps drop tables or columns, up or down. */
export function losing(plans: readonly Plan[]): readonly Plan[] {
  const bySteps = Map.groupBy(plans, ({ steps }) => steps);
  return [...bySteps].flatMap(([steps, group]) => (droppedHolders(steps).length > 0 ? group : []));
}

/** So long the counting in one session may take in all, as a single statement may: a preview does not wait for more. */
const COUNTING_MS = 20_000;

/**
 * Counts what the steps of some plans drop, each table once, many tables in a message. What is empty or not there yet is left
 * out; where counting takes too long, or another session holds a table, the statistics have to do.
 *
 * @param countingMs how long all of it may take; the server itself ends what takes longer
 */
export async function countLosses(
  client: pg.ClientBase,
  plans: readonly Plan[],
  countingMs = COUNTING_MS,
): Promise<readonly Loss[]> {
  const until = performance.now() + countingMs;
  const wanted = holdersOf(plans);
  if (wanted.length === 0) return [];
  const holders = await findHolders(client, wanted, FILLED).catch(() => findHolders(client, wanted, "true"));
  const tables = [...Map.groupBy(holders, ({ now }) => JSON.stringify([now.schema, now.table])).values()];
  const isLarge = ([first]: readonly FoundHolder[]) => (first?.rows ?? 0) > COUNTED_ROWS;
  const small = tables.filter((table) => !isLarge(table));
  const losses: Loss[] = [];
  for (let first = 0; first < small.length; first += TABLES_A_MESSAGE) {
    const some = small.slice(first, first + TABLES_A_MESSAGE);
    const counts = await countRows(client, some, until - performance.now()).catch(() => undefined);
    const countOf = (table: number, holder: number) => Number(counts?.[table]?.[holder] ?? 0);
    const found = some.map((table, t) =>
      table.map((holder, h) => (counts ? loss(holder, countOf(t, h), true) : estimated(holder))),
    );
    losses.push(...found.flat());
  }
  return [...losses, ...tables.filter(isLarge).flat().map(estimated)].filter((each) => each.count !== 0);
}

/** A message keeps its locks to the end, as those of `selectEach` do. */
const TABLES_A_MESSAGE = 100;

/**
 * A number for each holder of each table, as text: they are bigints. All tables in one statement: the server limits each on its
 * own, and together they would take longer than an answer is waited for.
 */
async function countRows(
  client: pg.ClientBase,
  tables: readonly (readonly FoundHolder[])[],
  withinMs: number,
): Promise<readonly (readonly string[])[] | undefined> {
  if (withinMs < 1) return undefined;
  const counts = tables.map((holders, index) => `SELECT ${index} AS index, ${countSql(holders)}`);
  const text = `SET LOCAL statement_timeout = ${Math.floor(withinMs)}; ${counts.join("\nUNION ALL ")} ORDER BY index`;
  const answer: unknown = await client.query(text);
  const [, found] = answer as readonly pg.QueryResult<{ readonly n: readonly string[] }>[];
  return found?.rows.map(({ n }) => n);
}

/** What goes away, and by what name it is to be found now. */
interface DroppedHolder {
  readonly holder: Holder;
  /** Without a schema where that is the one that is migrated. */
  readonly now: Holder;
}

/** The same of one schema, and where it is. */
interface SchemaHolder extends DroppedHolder {
  readonly schema: string;
  readonly now: Holder & { readonly schema: string };
}

/** Rows by the planner's statistics: below 0 where it has none yet, 0 also where they are old. */
type FoundHolder = SchemaHolder & { readonly rows: number };

function loss({ schema, holder }: SchemaHolder, count: number | undefined, exact: boolean): Loss {
  return { schema, holder, count, exact };
}

function estimated(found: FoundHolder): Loss {
  // Statistics that say 0 are from before it was filled: what is empty is not looked for.
  return loss(found, found.rows <= 0 ? undefined : found.rows, false);
}

function countSql(holders: readonly FoundHolder[]): string {
  const [first] = holders;
  const counts = holders.map(({ now }) => `count(${now.column === undefined ? "*" : quoteName(now.column)})`);
  return `ARRAY[${counts.join(", ")}] AS n FROM ${quoteName(first?.now.schema ?? "")}.${quoteName(first?.now.table ?? "")}`;
}

function holdersOf(plans: readonly Plan[]): readonly SchemaHolder[] {
  // Those that go the same way share their steps, and are looked at once.
  const bySteps = Map.groupBy(plans, ({ steps }) => steps);
  const all = [...bySteps].flatMap(([steps, group]) => {
    const named = new Set(steps.flatMap(({ script }) => namedChanges(script).map((change) => change.schema)));
    const byOwn = Map.groupBy(group, ({ schema }) => (named.has(schema) ? schema : undefined));
    return [...byOwn].flatMap(([own, some]) => {
      const holders = droppedHolders(steps, own);
      return some.flatMap(({ schema }) =>
        holders.map(({ holder, now }) => ({ schema, holder, now: { ...now, schema: now.schema ?? schema } })),
      );
    });
  });
  // A table of another schema is there once, whichever schema its script runs for.
  return [
    ...Map.groupBy(all, ({ holder, now }) => JSON.stringify([holder, now.schema, now.table, now.column])).values(),
  ].flatMap(([first]) => first ?? []);
}

/**
 * In the order in which they go: what a script before has renamed has another name now.
 *
 * @param own the schema that is migrated, where the scripts name it
 */
function droppedHolders(steps: readonly Step[], own?: string): readonly DroppedHolder[] {
  const renames = new Renames(own);
  return steps
    .flatMap((step) => step.script.statements)
    .flatMap((statement) => {
      const dropped = describeStatement(statement.node, statement.sql).flatMap(({ drops, holder }) =>
        drops && holder ? [{ holder, now: renames.before(holder) }] : [],
      );
      renames.note(statement.node);
      return dropped;
    });
}

/** A table without a file's first page is empty. To ask that opens it, which another session may be in the way of. */
const FILLED = "relkind = 'p' OR relhassubclass OR pg_catalog.pg_relation_size(oid) > 0";

async function findHolders(
  client: pg.ClientBase,
  wanted: readonly SchemaHolder[],
  filled: string,
): Promise<readonly FoundHolder[]> {
  const { rows } = await client.query<{ index: number; rows: number }>(
    // Found first, or the planner may open every table that there is.
    `WITH found AS MATERIALIZED (
       SELECT w.index, c.oid, c.relkind, c.relhassubclass, c.reltuples
         FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS w (schema, tab, col, index)
         JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
         JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.tab AND c.relkind IN ('r', 'p')
        WHERE w.col IS NULL OR EXISTS (SELECT FROM pg_catalog.pg_attribute a
                                        WHERE a.attrelid = c.oid AND a.attname = w.col AND NOT a.attisdropped))
     SELECT index::integer - 1 AS index, reltuples AS rows FROM found WHERE ${filled} ORDER BY index`,
    [
      wanted.map(({ now }) => now.schema),
      wanted.map(({ now }) => now.table),
      wanted.map(({ now }) => now.column ?? null),
    ],
  );
  return rows.flatMap(({ index, rows: estimate }) => {
    const holder = wanted[index];
    return holder ? [{ ...holder, rows: estimate }] : [];
  });
}
