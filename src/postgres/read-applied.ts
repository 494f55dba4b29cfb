import type pg from "pg";
import { type Entry, type Ledger, replay } from "../plan/ledger.ts";
import { selectEach } from "./select-each.ts";

/** What the entries of a ledger lead to. */
export type Applied = Pick<Ledger, "applied" | "used">;

/** As few ledgers as these are read as they are: looking for the same ones first would be a round trip more. */
const FEW = 10;

/**
 * What is applied in many schemas, by schema. Most schemas of a fleet have the same entries, thousands of kilobytes in all: so
 * their digests are read first, then the entries of one ledger of each kind. Ledgers that are the same share one value.
 *
 * @param tableOf a schema's ledger, quoted
 */
export async function readApplied(
  client: pg.ClientBase,
  schemas: readonly string[],
  tableOf: (schema: string) => string,
): Promise<ReadonlyMap<string, Applied>> {
  if (schemas.length <= FEW) {
    const entries = await selectEach<Entry>(client, schemas, (schema) => selectEntries(tableOf(schema)));
    return new Map([...entries].map(([schema, rows]) => [schema, appliedIn(rows)]));
  }
  const digests = await readDigests(client, schemas, tableOf);
  const samples = [...new Map([...digests].map(([schema, digest]) => [digest, schema])).values()];
  // The digest once more, of the very entries that come with it: another run may have added some since.
  const entries = await selectEach<SampleRow>(
    client,
    samples,
    (schema) =>
      `SELECT ${COLUMNS}, (${digestOf(tableOf(schema))}) AS digest ${fromTable(tableOf(schema))} ORDER BY entry`,
  );
  const kinds = new Map([...entries.values()].map((rows) => [rows[0]?.digest ?? null, appliedIn(rows)]));
  const known = [...digests].flatMap(([schema, digest]) => {
    const applied = kinds.get(digest);
    return applied ? [[schema, applied] as const] : [];
  });
  const found = new Map(known);
  const changed = schemas.filter((schema) => !found.has(schema));
  return changed.length === 0 ? found : new Map([...found, ...(await readApplied(client, changed, tableOf))]);
}

/** Reads the entries of one ledger, for {@link appliedIn}. */
export function selectEntries(table: string): string {
  return `SELECT ${COLUMNS} ${fromTable(table)} ORDER BY entry`;
}

type SampleRow = Entry & { readonly digest: string };

const COLUMNS = "revision, direction, outcome, checksum, down, in_transaction";

/** What failed is no part of what is applied, and would make schemas differ that do not. */
function fromTable(table: string): string {
  return `FROM ${table} WHERE outcome <> 'failed'`;
}

/** Null where the ledger is empty. Without a conversion, which some bytes of a database without an encoding would not survive. */
function digestOf(table: string): string {
  const text = `string_agg(ROW(${COLUMNS})::text, '' ORDER BY entry)`;
  return `SELECT encode(sha256(convert_to(${text}, getdatabaseencoding())), 'hex') AS digest ${fromTable(table)}`;
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

/** What the entries of a ledger, as {@link selectEntries} reads them, lead to. */
export function appliedIn(rows: readonly Entry[]): Applied {
  return { applied: replay(rows), used: rows.length > 0 };
}
