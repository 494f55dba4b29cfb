import type pg from "pg";
import type { Plan, Step } from "../plan/plan.ts";
import { describeStatement } from "../script/describe-statement.ts";
import type { Holder } from "../script/effect.ts";
import { selectEach } from "./select-each.ts";
import { quoteName } from "./session.ts";

/** What a dropped table or column holds now, in one schema. */
export interface Loss extends Holder {
  readonly schema: string;
  /** Rows of a table, values of a column. */
  readonly count: number;
  /** False where the table is so large that its planner statistics have to do. */
  readonly exact: boolean;
}

/** Larger tables are not counted: it would read them whole. */
const COUNTED_ROWS = 1_000_000;

/**
 * Counts what the downs of some downgrades drop, each table once, many tables in a message. What is empty or not there yet is left
 * out; where counting takes too long, or another session holds the table, the statistics have to do.
 */
export async function countLosses(client: pg.ClientBase, plans: readonly Plan[]): Promise<readonly Loss[]> {
  const wanted = holdersOf(plans);
  if (wanted.length === 0) return [];
  const holders = await findHolders(client, wanted, FILLED).catch(() => findHolders(client, wanted, "true"));
  const tables = Map.groupBy(holders, ({ schema, table }) => JSON.stringify([schema, table]));
  const [small, large] = [new Map<string, readonly FoundHolder[]>(), [] as FoundHolder[]];
  for (const [key, holders] of tables) {
    if ((holders[0]?.rows ?? 0) > COUNTED_ROWS) large.push(...holders);
    else small.set(key, holders);
  }
  const counts = await selectEach<Counts>(client, [...small.keys()], (key) => countSql(small.get(key) ?? [])).catch(
    () => undefined,
  );
  const exact = [...small].flatMap(([key, holders]) =>
    holders.map((holder, index) =>
      loss(holder, counts ? Number(counts.get(key)?.[0]?.n[index] ?? 0) : holder.rows, counts !== undefined),
    ),
  );
  return [...exact, ...large.map((holder) => loss(holder, holder.rows, false))].filter((each) => each.count > 0);
}

interface Counts {
  /** One number for each holder, as text: they are bigints. */
  readonly n: readonly string[];
}

type FoundHolder = SchemaHolder & { readonly rows: number };

function loss({ rows: _, ...holder }: FoundHolder, count: number, exact: boolean): Loss {
  return { ...holder, count, exact };
}

function countSql(holders: readonly FoundHolder[]): string {
  const [first] = holders;
  const counts = holders.map(({ column }) => `count(${column === undefined ? "*" : quoteName(column)})`);
  return `SELECT ARRAY[${counts.join(", ")}] AS n FROM ${quoteName(first?.schema ?? "")}.${quoteName(first?.table ?? "")}`;
}

type SchemaHolder = Holder & { readonly schema: string };

function holdersOf(plans: readonly Plan[]): readonly SchemaHolder[] {
  // Those that go the same way share their steps, and are looked at once.
  const bySteps = Map.groupBy(plans, ({ steps }) => steps);
  return [...bySteps].flatMap(([steps, group]) => {
    const holders = droppedHolders(steps);
    return group.flatMap(({ schema }) => holders.map((holder) => ({ schema, ...holder })));
  });
}

function droppedHolders(steps: readonly Step[]): readonly Holder[] {
  return steps
    .filter((step) => step.direction === "down")
    .flatMap((step) => step.script.statements)
    .flatMap((statement) => describeStatement(statement.node, statement.sql))
    .flatMap(({ drops, holder }) => (drops && holder ? [holder] : []));
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
      wanted.map((holder) => holder.schema),
      wanted.map((holder) => holder.table),
      wanted.map((holder) => holder.column ?? null),
    ],
  );
  return rows.flatMap(({ index, rows: estimate }) => {
    const holder = wanted[index];
    return holder ? [{ ...holder, rows: Math.max(0, estimate) }] : [];
  });
}
