import type pg from "pg";
import type { AppliedRevision } from "../plan/ledger.ts";
import type { Direction } from "../problem.ts";
import { selectEach } from "./select-each.ts";

/** As few ledgers as these are read as they are: looking for the same ones first would be a round trip more. */
const FEW = 10;

/**
 * The rows of many ledgers, by schema, in the order of applying. Most schemas of a fleet have the same rows, thousands of
 * kilobytes in all: so their digests are read first, then the rows of one ledger of each kind. Ledgers that are the same
 * share one array.
 *
 * @param tableOf a schema's ledger, quoted
 */
export async function readApplied(
  client: pg.ClientBase,
  schemas: readonly string[],
  tableOf: (schema: string) => string,
): Promise<ReadonlyMap<string, readonly AppliedRevision[]>> {
  if (schemas.length <= FEW) {
    const rows = await selectEach<LedgerRow>(client, schemas, (schema) => selectApplied(tableOf(schema)));
    return new Map([...rows].map(([schema, found]) => [schema, found.map(appliedRevision)]));
  }
  const digests = await readDigests(client, schemas, tableOf);
  const samples = [...new Map([...digests].map(([schema, digest]) => [digest, schema])).values()];
  // The digest once more, of the very rows that come with it: another run may have changed them since.
  const rows = await selectEach<SampleRow>(
    client,
    samples,
    (schema) => `SELECT ${COLUMNS}, (${digestOf(tableOf(schema))}) AS digest FROM ${tableOf(schema)} ORDER BY position`,
  );
  const kinds = new Map([...rows.values()].map((found) => [found[0]?.digest ?? null, found.map(appliedRevision)]));
  const known = [...digests].flatMap(([schema, digest]) => {
    const applied = kinds.get(digest);
    return applied ? [[schema, applied] as const] : [];
  });
  const found = new Map(known);
  const changed = schemas.filter((schema) => !found.has(schema));
  return changed.length === 0 ? found : new Map([...found, ...(await readApplied(client, changed, tableOf))]);
}

/** Reads the rows of one ledger, for {@link appliedRevision}. */
export function selectApplied(table: string): string {
  return `SELECT ${COLUMNS} FROM ${table} ORDER BY position`;
}

const COLUMNS = "position, revision, checksum, down, in_transaction, state";

/** Null where the ledger is empty. Without a conversion, which some bytes of a database without an encoding would not survive. */
function digestOf(table: string): string {
  const text = `string_agg(ROW(${COLUMNS})::text, '' ORDER BY position)`;
  return `SELECT encode(sha256(convert_to(${text}, getdatabaseencoding())), 'hex') AS digest FROM ${table}`;
}

async function readDigests(
  client: pg.ClientBase,
  schemas: readonly string[],
  tableOf: (schema: string) => string,
): Promise<ReadonlyMap<string, string | null>> {
  type Row = { readonly digest: string | null };
  const rows = await selectEach<Row>(client, schemas, (schema) => digestOf(tableOf(schema)));
  return new Map([...rows].map(([schema, found]) => [schema, found[0]?.digest ?? null]));
}

export interface LedgerRow {
  readonly position: number;
  readonly revision: string;
  readonly checksum: string;
  readonly down: string | null;
  readonly in_transaction: boolean;
  readonly state: "applied" | "applying" | "reverting";
}

type SampleRow = LedgerRow & { readonly digest: string };

const INTERRUPTED: Readonly<Record<LedgerRow["state"], Direction | undefined>> = {
  applied: undefined,
  applying: "up",
  reverting: "down",
};

/** A ledger's row as plans know it. */
export function appliedRevision(row: LedgerRow): AppliedRevision {
  const { position, revision, checksum, in_transaction, state } = row;
  return {
    position,
    revision,
    checksum,
    down: row.down ?? undefined,
    transaction: in_transaction,
    interrupted: INTERRUPTED[state],
  };
}
