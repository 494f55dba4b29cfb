import type pg from "pg";
import type { Ledger } from "../plan/ledger.ts";
import type { Plan } from "../plan/plan.ts";
import { LEDGER } from "../script/ledger-writes.ts";
import { type Applied, appliedIn, type EntryRow, readApplied, selectEntries } from "./read-applied.ts";
import { selectEach } from "./select-each.ts";
import { quoteName, quoteText } from "./session.ts";

/** A schema's ledger, quoted. */
export function ledgerTable(schema: string): string {
  return `${quoteName(schema)}.${LEDGER}`;
}

/**
 * Creates a schema's ledger, in the schema itself, so that a dumped, restored or moved schema takes its history along. Entries are
 * added to it, never changed: it says what happened, and that says what is applied. Plain on purpose, since it is made once a
 * schema: each index, sequence, check or default costs time and files, and each NOT NULL a row of pg_constraint
 * (PostgreSQL 18). Nobody else writes it, and the schema's lock keeps its writers one behind the other.
 */
export function createLedger(schema: string): readonly string[] {
  return [
    `CREATE TABLE ${ledgerTable(schema)} (
  entry integer,
  at timestamptz,
  revision text,
  direction text,
  outcome text,
  duration_ms double precision,
  actor text,
  db_user text,
  run uuid,
  error text,
  checksum text,
  in_transaction boolean,
  down text
)`,
    `COMMENT ON TABLE ${ledgerTable(schema)} IS 'What happened to the revisions of this schema. Kept by pulumi-schema-migrations; do not edit.'`,
  ];
}

/** A look at one schema that comes with another message. */
export interface LedgerLook {
  readonly select: string;
  /** The ledger that the rows of the SELECT are; undefined where they do not tell all of it. */
  readonly ledger: (rows: readonly pg.QueryResultRow[]) => Ledger | undefined;
}

/**
 * Looks at what a schema is expected to have: the entries of its ledger, or no ledger at all.
 *
 * @param hasLedger what was seen of it before
 */
export function ledgerLook(schema: string, hasLedger: boolean): LedgerLook {
  if (hasLedger) {
    const ledger: LedgerLook["ledger"] = (rows) => {
      const found = appliedIn(rows as readonly EntryRow[]);
      return found.applied.length > 0
        ? { schema, schemaExists: true, exists: true, populated: true, ...found }
        : undefined;
    };
    return { select: selectEntries(ledgerTable(schema)), ledger };
  }
  const ledger = ([row]: readonly pg.QueryResultRow[]) => {
    const found = row as Found | undefined;
    return found && !found.ledger && !found.alembic ? unledged(schema, found) : undefined;
  };
  return { select: `${selectFound("true")} WHERE n.nspname = ${quoteText(schema)}`, ledger };
}

/** SQL that is true where a schema's ledger is no longer what a plan was made from. Entries are only added, so their number tells. */
export function ledgerChanged({ schema, schemaExists, createsLedger, entries }: Plan): string {
  const table = ledgerTable(schema);
  if (!createsLedger) return `(SELECT coalesce(max(entry), 0) FROM ${table}) <> ${entries}`;
  const isThere = `pg_catalog.to_regnamespace(${quoteText(quoteName(schema))}) IS NOT NULL`;
  return `pg_catalog.to_regclass(${quoteText(table)}) IS NOT NULL OR (${isThere}) <> ${schemaExists}`;
}

/** What the catalog says of a schema that is there. */
interface Found {
  readonly schema: string;
  readonly ledger: boolean;
  readonly alembic: boolean;
  readonly populated: boolean;
}

/** Alembic's table, in the schema itself: one row with the revision's id, none at its base. */
const ALEMBIC = "alembic_version";

/**
 * Looks for the ledgers of schemas, and at what else a schema holds.
 *
 * @param asked a condition on the row `n` of a schema: where what else it holds is of interest, which takes as long as to read
 * a ledger
 */
function selectFound(asked: string): string {
  // Each by an index: a join on pg_class would read the relations of all schemas, once for each schema that is migrated.
  return `
  SELECT n.nspname AS schema, n.ledger,
         ${asked} AND EXISTS (
           SELECT FROM pg_catalog.pg_class c
            WHERE c.relname = '${ALEMBIC}' AND c.relnamespace = n.oid AND c.relkind = 'r') AS alembic,
         NOT (${asked}) OR EXISTS (
           SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.objid
            WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid
              AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
              AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname <> '${LEDGER}'
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                               WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')) AS populated
    FROM (SELECT nspname, oid,
                 EXISTS (SELECT FROM pg_catalog.pg_class c
                          WHERE c.relname = '${LEDGER}' AND c.relnamespace = s.oid AND c.relkind = 'r') AS ledger
            FROM pg_catalog.pg_namespace s) n`;
}

function unledged(schema: string, { populated }: Found): Ledger {
  return { schema, schemaExists: true, exists: false, populated, ...EMPTY };
}

/**
 * Reads the ledgers of many schemas in a few round trips: which exist, then 100 of them in a message. Reading never creates
 * anything.
 */
export async function readLedgers(client: pg.ClientBase, schemas: readonly string[]): Promise<readonly Ledger[]> {
  const existing = await readFound(client, schemas, "NOT n.ledger");
  const applied = await readApplied(
    client,
    schemas.filter((schema) => existing.get(schema)?.ledger),
    ledgerTable,
  );
  // Known by now of all but those whose ledger says nothing.
  const silent = [...applied].flatMap(([schema, { applied }]) => (applied.length === 0 ? [schema] : []));
  const found = new Map([...existing, ...(await readFound(client, silent, "true"))]);
  const versions = await readAlembic(
    client,
    schemas.filter((schema) => found.get(schema)?.alembic),
  );
  return schemas.map((schema) => ({
    schema,
    schemaExists: found.has(schema),
    exists: found.get(schema)?.ledger ?? false,
    populated: found.get(schema)?.populated ?? false,
    ...(applied.get(schema) ?? EMPTY),
    alembic: versions.get(schema),
  }));
}

const EMPTY: Applied = { applied: [], used: false, entries: 0, altered: false };

async function readFound(
  client: pg.ClientBase,
  schemas: readonly string[],
  asked: string,
): Promise<ReadonlyMap<string, Found>> {
  if (schemas.length === 0) return new Map();
  const { rows } = await client.query<Found>(`${selectFound(asked)} WHERE n.nspname = ANY ($1)`, [schemas]);
  return new Map(rows.map((row) => [row.schema, row]));
}

async function readAlembic(client: pg.ClientBase, schemas: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const tableOf = (schema: string) => `${quoteName(schema)}.${ALEMBIC}`;
  const select = (table: string) => `SELECT version_num FROM ${table}`;
  const rows = await selectEach<{ version_num: string }>(client, schemas, tableOf, select);
  // Several heads are several rows; such a state has no one place in a history.
  return new Map(
    [...rows].flatMap(([schema, found]) =>
      found.length > 0 ? [[schema, found.map((row) => row.version_num).join(", ")]] : [],
    ),
  );
}
