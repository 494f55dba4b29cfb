import type pg from "pg";
import { type Plan, planDirection } from "../plan/plan.ts";
import { describeStatement } from "../script/describe-statement.ts";
import type { Holder } from "../script/effect.ts";
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

/** Counts what the downs of some plans drop, in two round trips; what is empty or not there yet is left out. */
export async function countLosses(client: pg.ClientBase, plans: readonly Plan[]): Promise<readonly Loss[]> {
  const wanted = plans.filter((plan) => planDirection(plan) === "downgrade").flatMap(holdersOf);
  if (wanted.length === 0) return [];
  const present = await findHolders(client, wanted);
  const small = present.filter((holder) => holder.rows <= COUNTED_ROWS);
  const counts = await countEach(client, small);
  const large = present.filter((holder) => holder.rows > COUNTED_ROWS);
  return [
    ...small.map(({ rows, ...holder }, index) => ({ ...holder, count: counts[index] ?? 0, exact: true })),
    ...large.map(({ rows, ...holder }) => ({ ...holder, count: rows, exact: false })),
  ].filter((loss) => loss.count > 0);
}

type SchemaHolder = Holder & { readonly schema: string };

function holdersOf({ schema, steps }: Plan): readonly SchemaHolder[] {
  return steps
    .filter((step) => step.direction === "down")
    .flatMap((step) => step.script.statements)
    .flatMap((statement) => describeStatement(statement.node, statement.sql))
    .flatMap((effect) => (effect.drops && effect.holder ? [{ schema, ...effect.holder }] : []));
}

async function findHolders(
  client: pg.ClientBase,
  wanted: readonly SchemaHolder[],
): Promise<readonly (SchemaHolder & { readonly rows: number })[]> {
  const { rows } = await client.query<{ index: number; rows: number }>(
    `SELECT w.index::integer - 1 AS index, c.reltuples AS rows
       FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS w (schema, tab, col, index)
       JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
       JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.tab AND c.relkind IN ('r', 'p')
      WHERE w.col IS NULL OR EXISTS (SELECT FROM pg_catalog.pg_attribute a
                                      WHERE a.attrelid = c.oid AND a.attname = w.col AND NOT a.attisdropped)
      ORDER BY w.index`,
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

async function countEach(client: pg.ClientBase, holders: readonly SchemaHolder[]): Promise<readonly number[]> {
  if (holders.length === 0) return [];
  const counts = holders.map(({ schema, table, column }) => {
    const what = column === undefined ? "*" : quoteName(column);
    return `SELECT count(${what}) AS n FROM ${quoteName(schema)}.${quoteName(table)}`;
  });
  const { rows } = await client.query<{ n: string }>(counts.join("\nUNION ALL "));
  return rows.map((row) => Number(row.n));
}
