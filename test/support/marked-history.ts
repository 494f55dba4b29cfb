import type { History } from "../../src/history/revision.ts";
import type { TestDatabase } from "./database.ts";
import { historyOf, type Scripts } from "./history.ts";
import { standingRows } from "./ledger.ts";

/** How a revision of a marked history runs. */
export interface MarkedRevision {
  readonly id: string;
  /** `concurrently`: an index, which PostgreSQL builds outside a transaction only. */
  readonly kind: "transaction" | "concurrently";
  /** How long its scripts take at least, in s. */
  readonly sleep?: number;
}

/** A few of both kinds. */
export const MARKED: readonly MarkedRevision[] = [
  { id: "0001_first", kind: "transaction" },
  { id: "0002_second", kind: "transaction" },
  { id: "0003_index", kind: "concurrently" },
  { id: "0004_last", kind: "transaction" },
];

/**
 * Scripts each of which leaves a mark: a relation named like the revision, and, in a transaction, a row that would show a
 * script that ran twice. So what a schema holds can be compared with what its ledger says.
 */
export function markedScripts(revisions: readonly MarkedRevision[]): Readonly<Record<string, Scripts>> {
  return Object.fromEntries(revisions.map((revision, index) => [revision.id, scripts(revision, index === 0)]));
}

export function markedHistory(revisions: readonly MarkedRevision[] = MARKED): History {
  return historyOf(markedScripts(revisions));
}

/** The same as files of a migrations folder. */
export function markedFiles(revisions: readonly MarkedRevision[] = MARKED): Readonly<Record<string, string>> {
  return Object.fromEntries(
    revisions.flatMap((revision, index) => {
      const { up, down } = scripts(revision, index === 0);
      return [
        [`${revision.id}.up.sql`, up],
        [`${revision.id}.down.sql`, down],
      ];
    }),
  );
}

function scripts(
  { id, kind, sleep }: MarkedRevision,
  isFirst: boolean,
): { readonly up: string; readonly down: string } {
  if (kind === "concurrently") {
    return {
      up: `CREATE INDEX CONCURRENTLY "${id}" ON marks (revision);\n`,
      down: `DROP INDEX CONCURRENTLY "${id}";\n`,
    };
  }
  const wait = sleep === undefined ? "" : `SELECT pg_sleep(${sleep});\n`;
  return {
    up: `${isFirst ? "CREATE TABLE marks (revision text);\n" : ""}CREATE TABLE "${id}" (id int);\n${wait}INSERT INTO marks VALUES ('${id}');\n`,
    down: `DELETE FROM marks WHERE revision = '${id}';\n${wait}DROP TABLE "${id}";\n${isFirst ? "DROP TABLE marks;\n" : ""}`,
  };
}

/**
 * What is wrong with a schema after a fault: where ledger and structure disagree, a step ran twice or is half there, or an
 * entry is missing. Empty where all is well; an interrupted script outside a transaction that is marked as such is well.
 */
export async function disagreements(
  database: TestDatabase,
  schema: string,
  revisions: readonly MarkedRevision[] = MARKED,
): Promise<readonly string[]> {
  const { ledger, relations, marks, done } = await look(database, schema);
  const rows = new Map(ledger.map((row) => [row.revision, row]));
  const found = revisions.flatMap(({ id, kind }) => {
    const state = rows.get(id)?.state ?? "absent";
    const seen = `${relations.get(id) ?? "absent"}, ${marks.get(id) ?? 0} marks, ${done.get(id) ?? 0} done`;
    if (kind === "concurrently") {
      const wanted = state === "applied" ? "there" : state === "absent" ? "absent" : undefined;
      return wanted === undefined || seen.startsWith(wanted) ? [] : [`${schema}: ${id} is ${state}, but ${seen}`];
    }
    const wanted = state === "applied" ? "there, 1 marks, 1 done" : "absent, 0 marks, 0 done";
    return seen === wanted && ["applied", "absent"].includes(state)
      ? []
      : [`${schema}: ${id} is ${state}, but ${seen}`];
  });
  const order = ledger.map(({ revision, position }) => `${position} ${revision}`);
  const prefix = revisions.slice(0, ledger.length).map(({ id }, index) => `${index + 1} ${id}`);
  return order.join() === prefix.join() ? found : [...found, `${schema}: the ledger's order is ${order.join(", ")}`];
}

async function look(database: TestDatabase, schema: string) {
  const { query } = database;
  const [exists] = await query<{ ledger: boolean; marks: boolean }>(
    "SELECT to_regclass($1) IS NOT NULL AS ledger, to_regclass($2) IS NOT NULL AS marks",
    [`${schema}.migration_ledger`, `${schema}.marks`],
  );
  const relations = await query<{ name: string; seen: string }>(
    `SELECT c.relname AS name, CASE WHEN i.indisvalid THEN 'there' WHEN i.indexrelid IS NULL THEN 'there' ELSE 'invalid' END AS seen
       FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE c.relnamespace = $1::regnamespace`,
    [schema],
  );
  const marks = exists?.marks
    ? await query<{ name: string; n: number }>(
        `SELECT revision AS name, count(*)::int AS n FROM ${schema}.marks GROUP BY 1`,
      )
    : [];
  const ledger = exists?.ledger ? await standingRows(database, schema) : [];
  const done = exists?.ledger
    ? await query<{ name: string; n: number }>(
        `SELECT revision AS name, sum(CASE direction WHEN 'up' THEN 1 ELSE -1 END)::int AS n
           FROM ${schema}.migration_ledger WHERE outcome = 'done' GROUP BY 1`,
      )
    : [];
  const counts = (rows: readonly { readonly name: string; readonly n: number }[]) =>
    new Map(rows.map(({ name, n }) => [name, n]));
  return {
    ledger,
    relations: new Map(relations.map(({ name, seen }) => [name, seen])),
    marks: counts(marks),
    done: counts(done),
  };
}
