import type pg from "pg";
import { quoteText } from "../postgres/session.ts";
import { LEDGER } from "../script/ledger-writes.ts";

/**
 * Everything in a database that is not in one schema, with who wrote it last (xmin): what is in only one of two looks was added,
 * changed or removed in between. Of the server's roles only those that the scripts name: others belong to all its databases,
 * and may be changed by anyone meanwhile.
 *
 * @param scripts all that run between the looks
 */
export async function lookAround(
  client: pg.ClientBase,
  schema: string,
  scripts: string,
): Promise<ReadonlyMap<string, string>> {
  // So that names are told with their schemas.
  await client.query("SET search_path TO ''");
  const elsewhere = `(SELECT oid FROM pg_catalog.pg_namespace WHERE nspname <> ${quoteText(schema)} AND nspname !~ '^pg_(toast|temp)')`;
  const named = `(SELECT oid FROM pg_catalog.pg_roles WHERE strpos($1, rolname) > 0 OR strpos(rolname, ${quoteText(schema)}) > 0)`;
  const looks = [
    look("pg_class", `relnamespace IN ${elsewhere}`),
    look("pg_proc", `pronamespace IN ${elsewhere}`),
    look("pg_type", `typnamespace IN ${elsewhere} AND typrelid = 0 AND typcategory <> 'A'`),
    look("pg_namespace", `oid IN ${elsewhere}`),
    look("pg_cast", `oid NOT IN (${OF_RANGES})`),
    look("pg_default_acl", "defaclnamespace = 0"),
    ...WHOLE_CATALOGS.map((catalog) => look(catalog, "true")),
    `SELECT 'role ' || rolname, r::text FROM pg_catalog.pg_roles r WHERE oid IN ${named}`,
    `SELECT 'settings of ' || setrole::regrole || ' in database ' || setdatabase, s::text FROM pg_catalog.pg_db_role_setting s
      WHERE setrole IN ${named} OR setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())`,
    `SELECT 'membership of ' || member::regrole || ' in ' || roleid::regrole, m::text FROM pg_catalog.pg_auth_members m
      WHERE member IN ${named} OR roleid IN ${named}`,
  ];
  const { rows } = await client.query<{ what: string; state: string }>(looks.join("\nUNION ALL "), [scripts]);
  return new Map(rows.map(({ what, state }) => [what, state]));
}

const WHOLE_CATALOGS = [
  "pg_extension",
  "pg_publication",
  "pg_event_trigger",
  "pg_foreign_data_wrapper",
  "pg_foreign_server",
  "pg_language",
  "pg_tablespace",
  "pg_largeobject_metadata",
];

/** From a range type to its multirange, made along with them. */
const OF_RANGES =
  "SELECT objid FROM pg_catalog.pg_depend WHERE classid = 'pg_catalog.pg_cast'::regclass AND deptype = 'i'";

function look(catalog: string, where: string): string {
  const describe = "pg_catalog.pg_describe_object(tableoid, oid, 0)";
  return `SELECT ${describe} AS what, xmin::text AS state FROM pg_catalog.${catalog} WHERE ${where}`;
}

/** What two looks do not agree on. */
export function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  const all = new Set([...before.keys(), ...after.keys()]);
  return [...all].filter((what) => before.get(what) !== after.get(what));
}

/** Data that are in a schema: tables with rows, filled materialized views, sequences that are not where they start. */
export async function findData(client: pg.ClientBase, schema: string): Promise<readonly string[]> {
  // Rows that a policy hides are an error then, not absent.
  await client.query("SET row_security TO off");
  const { rows } = await client.query<{ look: string }>(
    `SELECT CASE c.relkind
              WHEN 'S' THEN format('SELECT %L AS what FROM %s s, pg_catalog.pg_sequence p
                                     WHERE p.seqrelid = %s AND (s.is_called OR s.last_value <> p.seqstart)',
                                   'sequence ' || c.relname, c.oid::regclass, c.oid)
              WHEN 'm' THEN format('SELECT %L AS what WHERE %L', 'materialized view ' || c.relname, c.relispopulated)
              ELSE format('SELECT %L AS what WHERE EXISTS (SELECT FROM ONLY %s)', 'rows of table ' || c.relname, c.oid::regclass) END AS look
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'm', 'S') AND c.relname <> '${LEDGER}'
      ORDER BY c.relname`,
    [schema],
  );
  if (rows.length === 0) return [];
  const found = await client.query<{ what: string }>(rows.map(({ look }) => look).join("\nUNION ALL "));
  return found.rows.map(({ what }) => what);
}
