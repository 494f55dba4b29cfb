import type pg from "pg";
import type { SharedDrop } from "../plan/shared-drops.ts";
import type { Problem } from "../problem.ts";

/** What goes with each of some drops, as the database is now. Asked only where there are any. */
export async function dependentsOf(client: pg.ClientBase, drops: readonly SharedDrop[]): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const drop of drops) {
    // A name that means a role only when it runs, or a question that takes too long: the warning goes without.
    const found = drop.does === "renames" ? [] : await find(client, drop).catch(() => []);
    problems.push({
      code: "drops-for-all",
      ...drop,
      dependents: found.map(({ what }) => what),
      others: (found[0]?.total ?? 0) - found.length,
    });
  }
  return problems;
}

interface Dependent {
  readonly what: string;
  readonly total: number;
}

/** How many are told by name. */
const FIRST = 10;

async function find(client: pg.ClientBase, { kind, name }: SharedDrop): Promise<readonly Dependent[]> {
  const roots = ROOTS[kind];
  if (roots === undefined) return [];
  const { rows } = await client.query<Dependent>(
    // What depends on what goes; and what something is a part of goes with it, as a view with its rule (manual 52.18).
    `WITH RECURSIVE gone (classid, objid, objsubid) AS (
       ${roots}
       UNION
       SELECT next.* FROM gone g, LATERAL (
         SELECT d.classid, d.objid, d.objsubid FROM pg_catalog.pg_depend d
          WHERE d.refclassid = g.classid AND d.refobjid = g.objid AND g.objsubid IN (0, d.refobjsubid)
         UNION ALL
         SELECT d.refclassid, d.refobjid, d.refobjsubid FROM pg_catalog.pg_depend d
          WHERE d.classid = g.classid AND d.objid = g.objid AND d.objsubid = g.objsubid AND d.deptype = 'i') AS next
     ), shown AS (
       SELECT *, count(*) OVER () AS total FROM gone g
        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d JOIN gone o
                             ON o.classid = d.refclassid AND o.objid = d.refobjid AND o.objsubid IN (0, d.refobjsubid)
                           WHERE d.classid = g.classid AND d.objid = g.objid AND d.objsubid = g.objsubid
                             AND d.deptype IN ('a', 'e', 'i', 'P', 'S'))
          AND NOT (g.objsubid > 0 AND EXISTS (SELECT FROM gone o WHERE (o.classid, o.objid, o.objsubid) = (g.classid, g.objid, 0)))
          AND NOT EXISTS (SELECT FROM (${roots}) AS r WHERE r.classid = g.classid AND r.objid = g.objid AND $2)
        ORDER BY classid, objid, objsubid LIMIT ${FIRST}
     )
     SELECT replace(i.type, 'table column', 'column') || ' ' || i.identity AS what, total::integer
       FROM shown, pg_catalog.pg_identify_object(classid, objid, objsubid) AS i`,
    [name, kind !== "role"],
  );
  return rows;
}

/** Where things are found that belong to no schema, by their name. */
const ROOTS: Readonly<Record<string, string>> = {
  extension: rootsIn("pg_extension", "extname"),
  schema: rootsIn("pg_namespace", "nspname"),
  language: rootsIn("pg_language", "lanname"),
  "access method": rootsIn("pg_am", "amname"),
  "foreign data wrapper": rootsIn("pg_foreign_data_wrapper", "fdwname"),
  "foreign server": rootsIn("pg_foreign_server", "srvname"),
  role: `SELECT s.classid, s.objid, s.objsubid FROM pg_catalog.pg_shdepend s
          WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass AND s.deptype = 'o'
            AND s.refobjid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1)
            AND s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())`,
};

function rootsIn(catalog: string, name: string): string {
  return `SELECT 'pg_catalog.${catalog}'::regclass::oid AS classid, oid AS objid, 0 AS objsubid FROM pg_catalog.${catalog} WHERE ${name} = $1`;
}
