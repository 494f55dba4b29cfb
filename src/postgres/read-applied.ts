import type pg from "pg";
import { type Entry, type Ledger, replay } from "../plan/ledger.ts";
import { selectEach } from "./select-each.ts";

/** What the entries of a ledger lead to. */
export type Applied = Pick<Ledger, "applied" | "used" | "entries" | "altered" | "since">;

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
    const entries = await selectEach<EntryRow>(client, schemas, tableOf, selectEntries);
    return new Map([...entries].map(([schema, rows]) => [schema, appliedIn(rows)]));
  }
  const digests = await readDigests(client, schemas, tableOf);
  const samples = [...new Map([...digests].map(([schema, { digest }]) => [digest, schema])).values()];
  // The digest once more, of the very entries that come with it: another run may have added some since.
  const entries = await selectEach<SampleRow>(
    client,
    samples,
    tableOf,
    (table) => `SELECT ${COLUMNS}, (SELECT ${DIGEST} FROM ${table}) AS digest FROM ${table} ORDER BY entry`,
  );
  const kinds = new Map([...entries.values()].map((rows) => [rows[0]?.digest ?? null, appliedIn(rows)]));
  const known = [...digests].flatMap(([schema, { digest, entries, altered, since }]) => {
    const kind = kinds.get(digest);
    return kind ? [[schema, { ...kind, entries, altered, since: dateOf(since) }] as const] : [];
  });
  const found = new Map(known);
  const changed = schemas.filter((schema) => !found.has(schema));
  return changed.length === 0 ? found : new Map([...found, ...(await readApplied(client, changed, tableOf))]);
}

/** Reads the entries of one ledger, for {@link appliedIn}. */
export function selectEntries(table: string): string {
  return `SELECT ${COLUMNS} FROM ${table} ORDER BY entry`;
}

/** An entry as {@link selectEntries} reads it. */
export type EntryRow = Entry & { readonly entry: number | null; readonly at: number | null };

type SampleRow = EntryRow & { readonly digest: string | null };

const STEP_COLUMNS = "revision, direction, outcome, checksum, down, in_transaction";
/** The time in s since 1970: as text it would be in the DateStyle of whoever signs in. */
const COLUMNS = `entry, extract(epoch FROM at)::double precision AS at, ${STEP_COLUMNS}`;

/**
 * The digest of a ledger, null where nothing is in it. What failed is no part of what is applied, and would make schemas differ that
 * do not. Without a conversion, which some bytes of a database without an encoding would not survive.
 */
const DIGEST =
  `encode(sha256(convert_to(string_agg(ROW(${STEP_COLUMNS})::text, '' ORDER BY entry)` +
  " FILTER (WHERE outcome IS DISTINCT FROM 'failed'), getdatabaseencoding())), 'hex')";

/** True for an entry that we have not written: what it leads to is not known. */
const IS_FOREIGN = "revision IS NULL OR direction IS NULL OR outcome IS NULL";

interface Digest {
  readonly digest: string | null;
  readonly entries: number;
  readonly altered: boolean;
  /** In s since 1970. */
  readonly since: number | null;
}

const NO_ENTRIES: Digest = { digest: null, entries: 0, altered: false, since: null };

async function readDigests(
  client: pg.ClientBase,
  schemas: readonly string[],
  tableOf: (schema: string) => string,
): Promise<ReadonlyMap<string, Digest>> {
  const rows = await selectEach<Digest>(
    client,
    schemas,
    tableOf,
    (table) =>
      `SELECT ${DIGEST} AS digest, coalesce(max(entry), 0) AS entries,\n` +
      `       count(DISTINCT entry) < count(*) OR coalesce(bool_or(${IS_FOREIGN}), false) AS altered,\n` +
      `       extract(epoch FROM max(at) FILTER (WHERE outcome IS DISTINCT FROM 'failed'))::double precision AS since FROM ${table}`,
  );
  return new Map([...rows].map(([schema, [row]]) => [schema, row ?? NO_ENTRIES]));
}

/** What the entries of a ledger, as {@link selectEntries} reads them, lead to. */
export function appliedIn(rows: readonly EntryRow[]): Applied {
  const counted = rows.filter(({ outcome }) => outcome !== "failed");
  const numbers = rows.flatMap(({ entry }) => entry ?? []);
  const times = counted.flatMap(({ at }) => at ?? []);
  return {
    applied: replay(rows),
    used: counted.length > 0,
    entries: Math.max(0, ...numbers),
    altered: new Set(numbers).size < rows.length || rows.some(isForeign),
    since: dateOf(times.length === 0 ? null : Math.max(...times)),
  };
}

function isForeign({ revision, direction, outcome }: Readonly<Record<keyof Entry, unknown>>): boolean {
  return revision === null || direction === null || outcome === null;
}

function dateOf(seconds: number | null): Date | undefined {
  return seconds === null ? undefined : new Date(seconds * 1_000);
}
