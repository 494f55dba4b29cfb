import { checksum } from "../../src/history/revision.ts";
import type { TestDatabase } from "../support/database.ts";
import { standingRows } from "../support/ledger.ts";
import { type Done, outsideTransaction, type Row, type SchemaModel } from "./model.ts";
import { downScript, idOf, upScript } from "./scripts.ts";

/** What a schema holds, told so that it can be compared with what it should. */
export interface Observation {
  /** The ledger in its order, with the checksum and the down script of each row. */
  readonly ledger: readonly string[];
  /** Relations with the text that made them; of a script that is half there, nothing. */
  readonly structure: readonly string[];
  /** Steps that the ledger calls done, in their order. */
  readonly events: readonly string[];
  /** Steps in a transaction, as the scripts themselves noted them. */
  readonly journal: readonly string[];
}

/** What a schema should hold. */
export function expected({ rows, done }: SchemaModel): Observation {
  return {
    ledger: rows.map((row) => ledgerRow(idOf(row.number), stateOf(row), checksum(upScript(row)), downOf(row))),
    structure: rows.flatMap((row) => (row.half ? [] : [`${idOf(row.number)} ${row.up}`])).toSorted(),
    events: done.map(({ number, direction }) => `${idOf(number)} ${direction}`),
    journal: done.filter((each) => !outsideTransaction(each)).map(line),
  };
}

/** What a schema holds. */
export async function observe(database: TestDatabase, schema: string): Promise<Observation> {
  const rows = (await hasLedger(database, schema)) ? await standingRows(database, schema) : [];
  const events = await inLedger<{ done: string }>(
    database,
    schema,
    "SELECT concat(revision, ' ', direction) AS done FROM %.migration_ledger WHERE outcome = 'done' ORDER BY entry",
  );
  const journal = await database.query<{ line: string }>(`SELECT line FROM ${schema}.journal ORDER BY at`);
  const half = new Set(rows.filter(({ state }) => state !== "applied").map(({ revision }) => revision));
  return {
    ledger: rows.map(({ revision, state, checksum, down }) => ledgerRow(revision, state, checksum, down)),
    structure: (await structure(database, schema)).filter((relation) => !half.has(relation.split(" ")[0] ?? "")),
    events: events.map(({ done }) => done),
    journal: journal.map(({ line }) => line),
  };
}

/** Every row and relation with what a write would change: their order, their ids, who wrote them. */
export async function everything(database: TestDatabase, schema: string): Promise<unknown> {
  return {
    ledger: await inLedger(database, schema, "SELECT ctid, xmin, * FROM %.migration_ledger ORDER BY ctid"),
    journal: await database.query(`SELECT ctid, xmin, * FROM ${schema}.journal ORDER BY ctid`),
    relations: await database.query(
      "SELECT oid, relname, relfilenode FROM pg_class WHERE relnamespace = $1::regnamespace ORDER BY oid",
      [schema],
    ),
  };
}

/** Tables by their only column, indexes by their predicate. */
async function structure({ query }: TestDatabase, schema: string): Promise<readonly string[]> {
  const rows = await query<{ relation: string }>(
    `SELECT concat_ws(' ', c.relname,
              coalesce(substring(pg_get_expr(i.indpred, i.indrelid) FROM '\\d+'),
                       (SELECT string_agg(substring(attname FROM 'text_(\\d+)'), '+') FROM pg_attribute
                         WHERE attrelid = c.oid AND attnum > 0)),
              CASE WHEN NOT i.indisvalid THEN 'invalid' END) AS relation
       FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
      WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'i') AND c.relname !~ '^(ground|journal|migration_)'
      ORDER BY c.relname COLLATE "C"`,
    [schema],
  );
  return rows.map(({ relation }) => relation);
}

/** Nothing where the ledger does not exist. */
async function inLedger<T extends Record<string, unknown>>(database: TestDatabase, schema: string, sql: string) {
  return (await hasLedger(database, schema)) ? database.query<T>(sql.replace("%", schema)) : [];
}

async function hasLedger({ query }: TestDatabase, schema: string): Promise<boolean> {
  const [exists] = await query("SELECT 1 WHERE to_regclass($1) IS NOT NULL", [`${schema}.migration_ledger`]);
  return exists !== undefined;
}

function ledgerRow(id: string, state: string, sum: string, down: string | null): string {
  return `${id} ${state} ${sum} ${JSON.stringify(down)}`;
}

function stateOf({ half }: Row): string {
  return half === undefined ? "applied" : half === "up" ? "applying" : "reverting";
}

function downOf({ number, down }: Row): string | null {
  return down === undefined ? null : downScript(number, down);
}

function line({ direction, number, text }: Done): string {
  return `${direction} ${number} ${text}`;
}
