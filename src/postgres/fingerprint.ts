import type { FingerprintScope, Replaced } from "../plan/plan.ts";
import { LEDGER } from "../script/ledger-writes.ts";
import { quoteText } from "./session.ts";

/**
 * The SELECT that hashes a schema's whole structure: one row, one column `fingerprint`. The facts' own SELECT is below.
 *
 * The session's search path has to begin with the schema, so that PostgreSQL prints the schema's own names without it; and
 * has to be the same for two fingerprints that are compared. So have its time zone and date style, which print constants.
 */
export function fingerprintSql(schema: string, scope: FingerprintScope): string {
  return (
    `SELECT pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(` +
    `pg_catalog.string_agg(fact, E'\\n' ORDER BY fact COLLATE "C"), 'UTF8')), 'hex') AS fingerprint\n` +
    `  FROM (${factsSql(schema, scope)}) AS facts`
  );
}

/** The statements that fail, and their transaction with them, where a schema's structure is not the one that was proven. */
export function proveFingerprint(schema: string, { fingerprint, scope }: Replaced): readonly string[] {
  const prove =
    `DECLARE found text := (${fingerprintSql(schema, scope)});\n` +
    `BEGIN IF found <> '${fingerprint}' THEN\n` +
    `  RAISE 'the structure is not what the history makes: its fingerprint is %, not ${fingerprint}', found;\nEND IF; END`;
  return ["SET LOCAL jit TO off", `DO ${quoteText(prove)}`];
}

/**
 * The SELECT of everything that makes up a schema's structure, one text in a column `fact` each; what the ledger's own tables
 * add is left out. All is found by way of pg_depend, whose index knows what is in a namespace: pg_class, pg_proc and
 * pg_type have none, and would be read whole, with the objects of a thousand other schemas.
 *
 * Owners and grantees are `self` where they are the role that asks. Privileges are told as what differs from those that an object
 * gets when this role makes it here. What this list does not know to compare is a fact that begins with {@link UNCOMPARED}.
 */
export function factsSql(schema: string, { defaultPrivileges }: FingerprintScope): string {
  return `WITH here AS MATERIALIZED (
  SELECT n.oid AS ns, r.oid AS me FROM pg_catalog.pg_namespace n, pg_catalog.pg_roles r
   WHERE n.nspname = ${quoteText(schema)} AND r.rolname = current_user),
found AS MATERIALIZED (
  SELECT d.classid, d.objid FROM pg_catalog.pg_depend d, here
   WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = here.ns),
ours AS MATERIALIZED (
  SELECT c.oid FROM found JOIN pg_catalog.pg_class c ON c.oid = found.objid
   WHERE found.classid = 'pg_catalog.pg_class'::regclass AND c.relname = '${LEDGER}'),
tables AS MATERIALIZED (
  SELECT objid AS oid FROM found WHERE classid = 'pg_catalog.pg_class'::regclass
   UNION SELECT t.typrelid FROM found JOIN pg_catalog.pg_type t ON t.oid = found.objid
   WHERE found.classid = 'pg_catalog.pg_type'::regclass AND t.typrelid <> 0
  EXCEPT SELECT oid FROM ours
  EXCEPT SELECT d.objid FROM ours JOIN pg_catalog.pg_depend d ON d.refobjid = ours.oid
   WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')),
rels AS MATERIALIZED (
  SELECT c.* FROM pg_catalog.pg_class c
   WHERE c.oid IN (SELECT oid FROM tables UNION ALL SELECT i.indexrelid FROM tables JOIN pg_catalog.pg_index i ON i.indrelid = tables.oid)),
types AS MATERIALIZED (
  SELECT t.* FROM found JOIN pg_catalog.pg_type t ON t.oid = found.objid
   WHERE found.classid = 'pg_catalog.pg_type'::regclass AND t.typrelid = 0),
procs AS MATERIALIZED (
  SELECT p.* FROM found JOIN pg_catalog.pg_proc p ON p.oid = found.objid WHERE found.classid = 'pg_catalog.pg_proc'::regclass),
cons AS MATERIALIZED (
  SELECT c.* FROM rels JOIN pg_catalog.pg_constraint c ON c.conrelid = rels.oid
   WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint p WHERE p.oid = c.conparentid AND p.conrelid = c.conrelid)
   UNION ALL SELECT c.* FROM types JOIN pg_catalog.pg_constraint c ON c.contypid = types.oid),
triggers AS MATERIALIZED (SELECT t.* FROM rels JOIN pg_catalog.pg_trigger t ON t.tgrelid = rels.oid),
rules AS MATERIALIZED (
  SELECT r.* FROM rels JOIN pg_catalog.pg_rewrite r ON r.ev_class = rels.oid WHERE r.rulename <> '_RETURN'),
policies AS MATERIALIZED (SELECT p.* FROM rels JOIN pg_catalog.pg_policy p ON p.polrelid = rels.oid),
stats AS MATERIALIZED (
  SELECT s.* FROM found JOIN pg_catalog.pg_statistic_ext s ON s.oid = found.objid
   WHERE found.classid = 'pg_catalog.pg_statistic_ext'::regclass),
objects AS MATERIALIZED (
  SELECT 'pg_catalog.pg_class'::regclass::oid AS class, oid FROM rels
   UNION ALL SELECT 'pg_catalog.pg_type'::regclass, oid FROM types
   UNION ALL SELECT 'pg_catalog.pg_type'::regclass, reltype FROM rels WHERE reltype <> 0
   UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, oid FROM procs
   UNION ALL SELECT 'pg_catalog.pg_constraint'::regclass, oid FROM cons
   UNION ALL SELECT 'pg_catalog.pg_trigger'::regclass, oid FROM triggers
   UNION ALL SELECT 'pg_catalog.pg_rewrite'::regclass, oid FROM rules
   UNION ALL SELECT 'pg_catalog.pg_policy'::regclass, oid FROM policies
   UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::regclass, oid FROM stats),
given AS MATERIALIZED (
  SELECT k.kind, a.grantee, a.privilege_type, a.is_grantable
    FROM here, (VALUES ('r'::"char"), ('S'), ('f'), ('T')) AS k (kind),
         LATERAL (SELECT coalesce((SELECT defaclacl FROM pg_catalog.pg_default_acl
                                    WHERE defaclrole = me AND defaclnamespace = 0 AND defaclobjtype = k.kind),
                                  pg_catalog.acldefault(CASE k.kind WHEN 'S' THEN 's' ELSE k.kind END, me)) AS acl
                   UNION ALL SELECT defaclacl FROM pg_catalog.pg_default_acl
                    WHERE defaclrole = me AND defaclnamespace = ns AND defaclobjtype = k.kind) AS d,
         LATERAL pg_catalog.aclexplode(d.acl) AS a),
granted AS MATERIALIZED (
  SELECT pg_catalog.pg_describe_object('pg_catalog.pg_class'::regclass, oid, 0) AS what, CASE relkind WHEN 'S' THEN 'S'::"char" ELSE 'r' END AS kind,
         coalesce(relacl, pg_catalog.acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relowner)) AS acl
    FROM rels WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
   UNION ALL SELECT pg_catalog.pg_describe_object('pg_catalog.pg_proc'::regclass, oid, 0), 'f', coalesce(proacl, pg_catalog.acldefault('f', proowner)) FROM procs
   UNION ALL SELECT pg_catalog.pg_describe_object('pg_catalog.pg_type'::regclass, oid, 0), 'T', coalesce(typacl, pg_catalog.acldefault('T', typowner))
    FROM types WHERE typtype IN ('d', 'e', 'r')
   UNION ALL SELECT pg_catalog.pg_describe_object('pg_catalog.pg_type'::regclass, t.oid, 0), 'T', coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner))
    FROM rels JOIN pg_catalog.pg_type t ON t.oid = rels.reltype WHERE rels.relkind = 'c'
   UNION ALL SELECT pg_catalog.pg_describe_object('pg_catalog.pg_class'::regclass, a.attrelid, a.attnum), 'c', a.attacl
    FROM rels JOIN pg_catalog.pg_attribute a ON a.attrelid = rels.oid WHERE a.attacl IS NOT NULL AND NOT a.attisdropped)
SELECT 'server ' || current_setting('server_version_num')::integer / 10000 AS fact
 UNION ALL
SELECT 'relation ' || row(c.relname, c.relkind, c.relpersistence, am.amname, s.spcname, c.reloptions,
         (SELECT t.reloptions FROM pg_catalog.pg_class t WHERE t.oid = c.reltoastrelid), c.relrowsecurity, c.relforcerowsecurity,
         c.relreplident, c.relispopulated, pg_catalog.pg_get_expr(c.relpartbound, c.oid),
         CASE c.relkind WHEN 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END,
         CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END,
         CASE WHEN c.reloftype <> 0 THEN pg_catalog.format_type(c.reloftype, NULL) END, ${roleName("c.relowner")})::text
  FROM rels c CROSS JOIN here LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
       LEFT JOIN pg_catalog.pg_tablespace s ON s.oid = c.reltablespace
 UNION ALL
SELECT 'parent ' || row(c.relname, i.inhseqno, i.inhparent::regclass, i.inhdetachpending)::text
  FROM rels c JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
 UNION ALL
SELECT 'column ' || row(c.relname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,
         pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attidentity,
         a.attgenerated, a.attstorage, a.attcompression, CASE WHEN a.attcollation <> 0 THEN a.attcollation::regcollation END,
         a.attstattarget, a.attoptions, a.attfdwoptions, a.attislocal, a.attinhcount)::text
  FROM rels c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE c.relkind NOT IN ('i', 'I', 'S')
 UNION ALL
SELECT 'constraint ' || row(c.conname, CASE WHEN c.conrelid <> 0 THEN c.conrelid::regclass END,
         CASE WHEN c.contypid <> 0 THEN c.contypid::regtype END, pg_catalog.pg_get_constraintdef(c.oid), c.convalidated,
         c.conislocal, c.coninhcount)::text FROM cons c
 UNION ALL
SELECT 'index ' || row(c.relname, pg_catalog.pg_get_indexdef(i.indexrelid, 0, true), i.indisvalid, i.indisready,
         i.indisclustered, i.indisreplident, i.indimmediate,
         ARRAY(SELECT a.attstattarget FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.indexrelid ORDER BY a.attnum))::text
  FROM rels c JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
 UNION ALL
SELECT 'trigger ' || row(t.tgname, t.tgrelid::regclass, pg_catalog.pg_get_triggerdef(t.oid, true), t.tgenabled, t.tgparentid <> 0)::text
  FROM triggers t WHERE NOT t.tgisinternal
 UNION ALL
SELECT 'foreign key trigger ' || row(t.tgrelid::regclass, t.tgenabled, t.tgtype, count(*))::text
  FROM triggers t WHERE t.tgisinternal AND t.tgenabled <> 'O' GROUP BY t.tgrelid, t.tgenabled, t.tgtype
 UNION ALL
SELECT 'rule ' || row(r.rulename, r.ev_class::regclass, pg_catalog.pg_get_ruledef(r.oid, true), r.ev_enabled)::text FROM rules r
 UNION ALL
SELECT 'policy ' || row(p.polname, p.polrelid::regclass, p.polcmd, p.polpermissive,
         ARRAY(SELECT ${roleName("o")} FROM unnest(p.polroles) AS o ORDER BY 1),
         pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))::text
  FROM policies p, here
 UNION ALL
SELECT 'function ' || row(p.oid::regprocedure,
         CASE WHEN 'search_path=' || current_setting('search_path') = ANY (p.proconfig)
              THEN pg_catalog.regexp_replace(${withoutSchema("f.def")}, '^ SET search_path TO .*$', ' SET search_path FROM CURRENT', 'n')
              ELSE ${withoutSchema("f.def")} END, ${roleName("p.proowner")})::text
  FROM procs p CROSS JOIN here,
       LATERAL (SELECT CASE WHEN p.prokind <> 'a' THEN pg_catalog.pg_get_functiondef(p.oid) END AS def OFFSET 0) AS f
 WHERE p.prokind <> 'a'
 UNION ALL
SELECT 'type ' || row(t.typname, t.typtype, t.typnotnull, pg_catalog.format_type(t.typbasetype, t.typtypmod),
         coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault),
         CASE WHEN t.typcollation <> 0 THEN t.typcollation::regcollation END,
         ARRAY(SELECT e.enumlabel FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
         (SELECT row(r.rngsubtype::regtype, r.rngcollation, o.opcname, o.opcnamespace::regnamespace, r.rngcanonical::regproc,
                     r.rngsubdiff::regproc, r.rngmultitypid::regtype)
            FROM pg_catalog.pg_range r JOIN pg_catalog.pg_opclass o ON o.oid = r.rngsubopc WHERE r.rngtypid = t.oid),
         ${roleName("t.typowner")})::text FROM types t, here
 UNION ALL
SELECT 'sequence ' || row(c.relname, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle,
         (SELECT row(d.deptype, d.refobjid::regclass, a.attname) FROM pg_catalog.pg_depend d
            JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
           WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass
             AND d.deptype IN ('a', 'i')))::text
  FROM rels c JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
 UNION ALL
SELECT 'statistics ' || row(${withoutSchema("pg_catalog.pg_get_statisticsobjdef(s.oid)")}, s.stxstattarget, ${roleName("s.stxowner")})::text
  FROM stats s, here
 UNION ALL
SELECT 'comment ' || row(pg_catalog.pg_describe_object(o.class, o.oid, d.objsubid), d.description)::text
  FROM objects o JOIN pg_catalog.pg_description d ON d.objoid = o.oid AND d.classoid = o.class
 UNION ALL
SELECT 'label ' || row(pg_catalog.pg_describe_object(o.class, o.oid, l.objsubid), l.provider, l.label)::text
  FROM objects o JOIN pg_catalog.pg_seclabel l ON l.objoid = o.oid AND l.classoid = o.class
 UNION ALL
SELECT 'privilege ' || row(g.what, x.sign, ${granteeName("x.grantee")}, x.privilege_type, x.is_grantable)::text
  FROM granted g CROSS JOIN here,
       LATERAL ((SELECT '+' AS sign, a.grantee, a.privilege_type, a.is_grantable FROM pg_catalog.aclexplode(g.acl) AS a
                 EXCEPT SELECT '+', d.grantee, d.privilege_type, d.is_grantable FROM given d WHERE d.kind = g.kind)
                UNION ALL
                (SELECT '-', d.grantee, d.privilege_type, d.is_grantable FROM given d WHERE d.kind = g.kind
                 EXCEPT SELECT '-', a.grantee, a.privilege_type, a.is_grantable FROM pg_catalog.aclexplode(g.acl) AS a)) AS x
${defaultPrivileges ? DEFAULT_PRIVILEGES : ""} UNION ALL
SELECT '${UNCOMPARED}' || pg_catalog.pg_describe_object(f.classid, f.objid, 0) FROM found f
 WHERE f.classid NOT IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_type'::regclass, 'pg_catalog.pg_proc'::regclass,
                         'pg_catalog.pg_statistic_ext'::regclass, 'pg_catalog.pg_default_acl'::regclass)
 UNION ALL
SELECT '${UNCOMPARED}' || pg_catalog.pg_describe_object('pg_catalog.pg_class'::regclass, oid, 0) FROM rels WHERE relkind = 'f'
 UNION ALL
SELECT '${UNCOMPARED}' || pg_catalog.pg_describe_object('pg_catalog.pg_type'::regclass, oid, 0) FROM types WHERE typtype IN ('b', 'p') AND typelem = 0
 UNION ALL
SELECT '${UNCOMPARED}' || pg_catalog.pg_describe_object('pg_catalog.pg_proc'::regclass, oid, 0) FROM procs WHERE prokind = 'a'
 UNION ALL
SELECT '${UNCOMPARED}' || 'publication of ' || p.prrelid::regclass FROM rels JOIN pg_catalog.pg_publication_rel p ON p.prrelid = rels.oid`;
}

/** How a fact begins that says only that something is there, not what it is. */
export const UNCOMPARED = "uncompared ";

/** Who asks is a role in one place and another elsewhere. No role's quoted name looks like these. */
function roleName(oid: string): string {
  return `CASE WHEN ${oid} = here.me THEN '(self)' ELSE ${oid}::regrole::text END`;
}

function granteeName(oid: string): string {
  return `CASE WHEN ${oid} = 0 THEN '(public)' WHEN ${oid} = here.me THEN '(self)' ELSE ${oid}::regrole::text END`;
}

/** Some of PostgreSQL's functions qualify what they define whatever the search path is: at its first mention, in the head. */
function withoutSchema(definition: string): string {
  const qualifier = "here.ns::regnamespace::text || '.'";
  return `pg_catalog.overlay(${definition}, '', pg_catalog.strpos(${definition}, ${qualifier}), pg_catalog.length(${qualifier}))`;
}

const DEFAULT_PRIVILEGES = ` UNION ALL
SELECT 'default privilege ' || row(${roleName("d.defaclrole")}, d.defaclobjtype, ${granteeName("a.grantee")}, a.privilege_type, a.is_grantable)::text
  FROM here JOIN pg_catalog.pg_default_acl d ON d.defaclnamespace IN (0, ns), LATERAL pg_catalog.aclexplode(d.defaclacl) AS a
`;
