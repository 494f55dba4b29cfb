import type pg from "pg";
import type { SchemaRight } from "../problem.ts";
import type { SchemaRoles } from "../role-name.ts";
import { LEDGER } from "../script/ledger-writes.ts";
import { quoteName, quoteText } from "./session.ts";
import type { ShutOut } from "./shut-out.ts";
import type { StepSettings } from "./step-messages.ts";

/** What was in a schema before it had roles, and goes to them first. */
export interface HandOver extends SchemaRoles {
  /** Objects of who signs in that will belong to the owner. */
  readonly given: number;
  /** Tables, views and sequences that the application gets its rights on. */
  readonly opened: number;
  /** What the owner will have on the schema itself, where it lacks that: without it nothing can be given to it, nor run as it. */
  readonly rights: readonly SchemaRight[];
}

/**
 * Everything in schemas that has an owner of its own: not what belongs to a table (its indexes, its sequences) or to an
 * extension, and not the ledger. `reach` is its access list, NULL as long as nobody but the owner was given anything.
 */
export const OWNED_OBJECTS = `(
  SELECT n.nspname AS schema, o.* FROM pg_catalog.pg_namespace n JOIN (
    SELECT relnamespace AS space, 'pg_class'::pg_catalog.regclass AS class, oid, relowner AS holder, relacl AS reach, true AS relation
      FROM pg_catalog.pg_class
     WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND relname <> '${LEDGER}'
    UNION ALL
    SELECT pronamespace, 'pg_proc'::pg_catalog.regclass, oid, proowner, proacl, false FROM pg_catalog.pg_proc
    UNION ALL
    SELECT typnamespace, 'pg_type'::pg_catalog.regclass, oid, typowner, typacl, false FROM pg_catalog.pg_type t
     WHERE typtype IN ('d', 'e', 'r')
        OR typtype = 'c' AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')
  ) o ON o.space = n.oid
  WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
     WHERE d.classid = o.class AND d.objid = o.oid
       AND (d.deptype = 'e' OR d.deptype IN ('a', 'i') AND o.relation AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass)
       AND (d.deptype = 'e' OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = o.oid AND c.relkind = 'S')))
)`;

const ME = "(SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user)";

/** True where an object's access list names the role. */
const names = (role: string) =>
  `EXISTS (SELECT FROM pg_catalog.aclexplode(o.reach) a JOIN pg_catalog.pg_roles r ON r.oid = a.grantee WHERE r.rolname = ${role})`;

/**
 * Which of the schemas have something to hand over; those without are left out.
 *
 * @param shutOut what their owners lack on them, as `examineRoles` found it
 */
export async function findHandOvers(
  client: pg.ClientBase,
  roles: readonly SchemaRoles[],
  shutOut: readonly ShutOut[],
): Promise<readonly HandOver[]> {
  if (roles.length === 0) return [];
  const { rows } = await client.query<{ index: number; given: number; opened: number }>(
    `SELECT w.index::integer - 1 AS index, count(*) FILTER (WHERE o.holder = ${ME})::integer AS given,
            CASE WHEN w.app IS NULL OR bool_or(o.relation AND ${names("w.app")}) THEN 0
                 ELSE count(*) FILTER (WHERE o.relation) END::integer AS opened
       FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS w (schema, owner, app, index)
       JOIN ${OWNED_OBJECTS} o ON o.schema = w.schema
      WHERE o.holder = ${ME} OR o.holder = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = w.owner)
      GROUP BY w.index, w.app ORDER BY w.index`,
    [roles.map(({ schema }) => schema), roles.map(({ owner }) => owner ?? null), roles.map(({ app }) => app ?? null)],
  );
  const objects = new Map(rows.map(({ index, ...counts }) => [index, counts]));
  const rightsIn = new Map(shutOut.flatMap(({ mayGrant, schema, lacks }) => (mayGrant ? [[schema, lacks]] : [])));
  return roles.flatMap((each, index) => {
    const { given, opened } = objects.get(index) ?? { given: 0, opened: 0 };
    const rights = rightsIn.get(each.schema) ?? [];
    return given + opened + rights.length > 0 ? [{ ...each, given, opened, rights }] : [];
  });
}

/**
 * The SQL that hands a schema over: the owner gets the rights to work in it and what belongs to who signs in, and the application
 * gets its rights on what is there. From then on default privileges give them; so where the application has any right already, it
 * gets none here, and what a migration took from it stays taken. One transaction; run again, it changes nothing.
 */
export function handOverSql({ schema, owner = "", app, rights }: HandOver, settings: StepSettings): string {
  const statements = [
    "BEGIN",
    `SET LOCAL lock_timeout TO ${settings.lockTimeoutMs}`,
    `SET LOCAL statement_timeout TO ${settings.statementTimeoutMs}`,
    ...(rights.length > 0 ? [`GRANT ${rights.join(", ")} ON SCHEMA ${quoteName(schema)} TO ${quoteName(owner)}`] : []),
    loop(
      `SELECT pg_catalog.format('ALTER %s %s OWNER TO %I', i.type, i.identity, ${quoteText(owner)})
         FROM ${OWNED_OBJECTS} o, pg_catalog.pg_identify_object(o.class, o.oid, 0) i
        WHERE o.schema = ${quoteText(schema)} AND o.holder = ${ME}`,
    ),
    ...(app === undefined ? [] : [`SET LOCAL ROLE ${quoteName(owner)}`, loop(grants(schema, owner, app))]),
    "COMMIT",
  ];
  return statements.map((statement) => `${statement};\n`).join("");
}

function grants(schema: string, owner: string, app: string): string {
  return `SELECT pg_catalog.format('GRANT %s %s TO %I', CASE
         WHEN o.class = 'pg_catalog.pg_proc'::pg_catalog.regclass THEN 'EXECUTE ON ROUTINE'
         WHEN i.type = 'sequence' THEN 'USAGE, SELECT, UPDATE ON SEQUENCE'
         ELSE 'SELECT, INSERT, UPDATE, DELETE ON TABLE' END, i.identity, ${quoteText(app)})
    FROM (SELECT *, bool_or(relation AND ${names(quoteText(app))}) OVER () AS known
            FROM ${OWNED_OBJECTS} o
           WHERE schema = ${quoteText(schema)} AND holder = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ${quoteText(owner)})) o,
         pg_catalog.pg_identify_object(o.class, o.oid, 0) i
   WHERE NOT o.known AND o.class <> 'pg_catalog.pg_type'::pg_catalog.regclass`;
}

/** Runs each statement that a query answers. */
function loop(query: string): string {
  const body = `DECLARE command text; BEGIN FOR command IN ${query} LOOP EXECUTE command; END LOOP; END`;
  return `DO ${quoteText(body)}`;
}
