import type pg from "pg";
import type { Problem } from "../problem.ts";
import type { SchemaRoles } from "../role-name.ts";
import { LEDGER } from "../script/ledger-writes.ts";
import { OWNED_OBJECTS } from "./hand-over.ts";
import { findShutOut, type ShutOut } from "./shut-out.ts";

/** What was found out about the roles of some schemas. */
export interface RoleFindings {
  readonly problems: readonly Problem[];
  /** Those that do not exist: fine in a preview, where the same up may create them first. */
  readonly missing: readonly string[];
  /** Owners that may not work in their schemas; it is a problem only where who signs in cannot give them the right. */
  readonly shutOut: readonly ShutOut[];
}

/**
 * What would make it untrue that each schema is its roles' own: an owner that who signs in cannot become, or that may not work in
 * its schema and cannot be given the right; objects of others; and rights that let a role reach into a schema that is not its own or
 * write a ledger. A few round trips, whatever the number of schemas.
 *
 * @param searchPath schemas that all roles may use, for extensions
 */
export async function examineRoles(
  client: pg.ClientBase,
  roles: readonly SchemaRoles[],
  searchPath: readonly string[],
): Promise<RoleFindings> {
  if (roles.length === 0) return { problems: [], missing: [], shutOut: [] };
  const wanted = [roles.map((each) => each.schema), roles.map((each) => each.owner), roles.map((each) => each.app)];
  const names = [...new Set(roles.flatMap(({ owner, app }) => [owner, app]).filter((role) => role !== undefined))];
  const known = await knownRoles(client, names);
  const [user] = known;
  if (!user) throw new Error("the server answered without a row");
  const owners = new Set(roles.map((each) => each.owner));
  const closed = known.filter((role) => owners.has(role.name) && !role.open);
  const shutOut = await findShutOut(client, roles);
  return {
    missing: names.filter((name) => !known.some((role) => role.name === name)),
    shutOut,
    problems: [
      ...closed.map(({ name, hasSetOption }) => ({
        code: "cannot-become" as const,
        role: name,
        user: user.user,
        hasSetOption,
      })),
      ...shutOut.filter(({ exists, mayGrant }) => exists && !mayGrant).map(shutOutProblem),
      ...(await foreignObjects(client, wanted)),
      ...(await ledgerOwners(client, wanted)),
      ...(await reaching(client, wanted, names, searchPath)),
      ...(await memberships(client, wanted, names, searchPath)),
      ...(await closedSearchPath(client, names, searchPath)),
    ],
  };
}

interface KnownRole {
  readonly name: string;
  readonly user: string;
  /** True where who signs in may become it. */
  readonly open: boolean;
  readonly hasSetOption: boolean;
}

/** Who signs in comes first, then those of the roles that exist. PostgreSQL 16 tells SET ROLE from mere membership. */
async function knownRoles(client: pg.ClientBase, names: readonly string[]): Promise<readonly KnownRole[]> {
  const { rows } = await client.query<KnownRole>(
    `SELECT rolname AS name, session_user AS user,
            pg_catalog.pg_has_role(session_user, oid, CASE WHEN v."hasSetOption" THEN 'SET' ELSE 'MEMBER' END) AS open,
            v."hasSetOption"
       FROM pg_catalog.pg_roles,
            (SELECT current_setting('server_version_num')::integer >= 160000 AS "hasSetOption") v
      WHERE rolname = ANY ($1) OR rolname = session_user
      ORDER BY rolname <> session_user, rolname`,
    [names],
  );
  return rows;
}

/** Where the hand-over cannot mend it. A role that does not exist yet cannot be granted anything by hand either. */
function shutOutProblem({ schema, role, lacks, user, holder }: ShutOut): Problem {
  return { code: "shut-out", schema, role, lacks, giver: { user, holder } };
}

/** Relates each schema to its roles; columns may hold NULL. */
const WANTED = "unnest($1::text[], $2::text[], $3::text[]) AS w (schema, owner, app)";

type Wanted = readonly (readonly (string | undefined)[])[];

/** What neither the owner owns nor who signs in, who hands its own over. */
async function foreignObjects(client: pg.ClientBase, wanted: Wanted): Promise<readonly Problem[]> {
  const { rows } = await client.query<{ schema: string; owner: string; user: string; objects: readonly string[] }>(
    `SELECT w.schema, w.owner, session_user AS user,
            array_agg(upper(i.type) || ' ' || i.identity ORDER BY i.identity COLLATE "C") AS objects
       FROM ${WANTED} JOIN ${OWNED_OBJECTS} o ON o.schema = w.schema
       CROSS JOIN LATERAL pg_catalog.pg_identify_object(o.class, o.oid, 0) i
      WHERE pg_catalog.pg_get_userbyid(o.holder) NOT IN (session_user, w.owner)
      GROUP BY w.schema, w.owner ORDER BY w.schema`,
    [...wanted],
  );
  return rows.map((row) => ({ code: "foreign-owner", ...row }));
}

async function ledgerOwners(client: pg.ClientBase, wanted: Wanted): Promise<readonly Problem[]> {
  const { rows } = await client.query<{ schema: string; table: string; role: string; user: string }>(
    `SELECT w.schema, c.relname AS table, r.rolname AS role, session_user AS user
       FROM ${WANTED} JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
       JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = '${LEDGER}'
       JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
      WHERE r.rolname IN (w.owner, w.app) ORDER BY w.schema, c.relname`,
    [...wanted],
  );
  return rows.map((row) => ({ code: "ledger-owner", ...row }));
}

/**
 * Rights, given to a role or to all (PUBLIC), that reach across: into one of the schemas from outside, from one of the roles into
 * another schema, into what lies open to all (as `public` does), and into a ledger. Of schemas that are not among these a role's
 * own are those that belong to it, themselves or all that is in them: of one owner for many, those that were let go of.
 */
async function reaching(
  client: pg.ClientBase,
  wanted: Wanted,
  names: readonly string[],
  searchPath: readonly string[],
): Promise<readonly Problem[]> {
  const { rows } = await client.query<{
    role: string | null;
    privileges: readonly string[];
    schema: string;
    relation: string | null;
    isLedger: boolean;
  }>(
    `WITH wanted AS (SELECT * FROM ${WANTED}),
     spaces AS (
       SELECT n.nspname AS schema, n.nspowner AS holder, a.grantee, r.rolname AS role, a.privilege_type AS privilege,
              EXISTS (SELECT FROM wanted w WHERE w.schema = n.nspname) AS ours,
              EXISTS (SELECT FROM wanted w WHERE w.schema = n.nspname AND r.rolname IN (w.owner, w.app)) AS own,
              n.nspname = ANY ($5) AS shared
         FROM pg_catalog.pg_namespace n
        CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
         LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
        WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND (a.grantee = 0 OR r.rolname = ANY ($4))),
     relations AS (
       SELECT n.nspname AS schema, c.relname AS relation, a.grantee, r.rolname AS role, a.privilege_type AS privilege,
              c.relname = '${LEDGER}' AND w.schema IS NOT NULL AS ledger, w.schema IS NOT NULL AS ours
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN wanted w ON w.schema = n.nspname
        CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a
         LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
        WHERE (a.grantee = 0 OR r.rolname = ANY ($4)) AND a.grantee <> c.relowner
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                           WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'))
     SELECT role, array_agg(privilege ORDER BY privilege) AS privileges, schema, NULL AS relation, false AS "isLedger"
       FROM spaces
      WHERE grantee = 0 AND (ours OR privilege = 'CREATE')
         OR grantee <> 0 AND NOT own AND NOT (privilege = 'USAGE' AND (shared OR schema = 'public'))
            AND (ours OR grantee <> holder AND (schema, grantee) NOT IN (
                  SELECT o.schema, min(o.holder) FROM ${OWNED_OBJECTS} o GROUP BY o.schema HAVING count(DISTINCT o.holder) = 1))
      GROUP BY role, schema
     UNION ALL
     SELECT role, array_agg(privilege ORDER BY privilege), schema, relation, ledger
       FROM relations
      WHERE ledger AND privilege <> 'SELECT'
         OR NOT ours AND NOT schema = ANY ($5)
            AND schema IN (SELECT schema FROM spaces WHERE grantee = 0 AND privilege = 'USAGE')
      GROUP BY role, schema, relation, ledger
      ORDER BY schema, relation NULLS FIRST, role`,
    [...wanted, names, searchPath],
  );
  return rows.map(({ role, relation, ...row }) => ({
    code: "reaches",
    ...row,
    role: role ?? undefined,
    relation: relation ?? undefined,
  }));
}

/** Memberships that give a role another schema's rights, or the application the owner's. */
async function memberships(
  client: pg.ClientBase,
  wanted: Wanted,
  names: readonly string[],
  searchPath: readonly string[],
): Promise<readonly Problem[]> {
  const { rows } = await client.query<{ role: string; through: string; grantor: string; schema: string }>(
    `WITH wanted AS (SELECT * FROM ${WANTED})
     SELECT r.rolname AS role, g.rolname AS through, pg_catalog.pg_get_userbyid(m.grantor) AS grantor, min(n.nspname) AS schema
       FROM pg_catalog.pg_auth_members m
       JOIN pg_catalog.pg_roles r ON r.oid = m.member JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
       JOIN pg_catalog.pg_namespace n ON pg_catalog.has_schema_privilege(g.oid, n.oid, 'USAGE')
      WHERE r.rolname = ANY ($4) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> ALL ($5)
        AND NOT EXISTS (SELECT FROM wanted w WHERE w.schema = n.nspname AND r.rolname IN (w.owner, w.app)
                                               AND g.rolname IS DISTINCT FROM w.owner)
        AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(n.nspacl) a WHERE a.grantee = 0 AND a.privilege_type = 'USAGE')
      GROUP BY r.rolname, g.rolname, m.grantor ORDER BY r.rolname, g.rolname`,
    [...wanted, names, searchPath],
  );
  return rows.map((row) => ({ code: "member", ...row }));
}

async function closedSearchPath(
  client: pg.ClientBase,
  names: readonly string[],
  searchPath: readonly string[],
): Promise<readonly Problem[]> {
  const { rows } = await client.query<{ role: string; schema: string }>(
    `SELECT r.rolname AS role, n.nspname AS schema
       FROM pg_catalog.pg_roles r, pg_catalog.pg_namespace n
      WHERE r.rolname = ANY ($1) AND n.nspname = ANY ($2) AND NOT pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
      ORDER BY n.nspname, r.rolname`,
    [names, searchPath],
  );
  return rows.map((row) => ({ code: "search-path-closed", ...row }));
}
