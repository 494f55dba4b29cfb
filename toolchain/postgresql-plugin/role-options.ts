import { escapeIdentifier, escapeLiteral } from "pg";
import { strings } from "./inputs.ts";

/** An attribute of a role. */
export interface RoleOption {
  readonly key: string;
  /** Its value in a role for which none is given. */
  readonly unset: unknown;
  /** Its words in CREATE ROLE and ALTER ROLE. */
  readonly clause: (value: unknown) => string;
  /** Its value in pg_roles. */
  readonly column: string;
}

const flag = (key: string, word: string, column: string, unset = false): RoleOption => ({
  key,
  unset,
  clause: (value) => (value === true ? word : `NO${word}`),
  column,
});

export const roleOptions: readonly RoleOption[] = [
  flag("superuser", "SUPERUSER", "rolsuper"),
  flag("createDatabase", "CREATEDB", "rolcreatedb"),
  flag("createRole", "CREATEROLE", "rolcreaterole"),
  flag("inherit", "INHERIT", "rolinherit", true),
  flag("login", "LOGIN", "rolcanlogin"),
  flag("replication", "REPLICATION", "rolreplication"),
  flag("bypassRowLevelSecurity", "BYPASSRLS", "rolbypassrls"),
  {
    key: "connectionLimit",
    unset: -1,
    clause: (value) => `CONNECTION LIMIT ${Number(value)}`,
    column: "rolconnlimit",
  },
  {
    key: "validUntil",
    unset: "infinity",
    clause: (value) => `VALID UNTIL ${escapeLiteral(String(value))}`,
    // As recorded ($2) where that means the same: the server writes a time in its own way.
    column:
      "CASE WHEN $2::text::timestamptz = coalesce(rolvaliduntil, 'infinity') THEN $2::text " +
      "ELSE coalesce(rolvaliduntil::text, 'infinity') END",
  },
];

/** A setting of the sessions of a role. */
export interface RoleSetting {
  readonly key: string;
  /** Its value in a role that does not have it. */
  readonly unset: unknown;
  readonly name: string;
  /** What comes after `SET <name> TO`. */
  readonly sql: (value: unknown) => string;
  /** Its value of the text that the server keeps. */
  readonly parse: (text: string) => unknown;
}

/** As it is where it is none, such as "5s" that someone set. */
const wholeNumber = (text: string): unknown => (/^\d+$/.test(text) ? Number(text) : text);

export const roleSettings: readonly RoleSetting[] = [
  {
    key: "searchPaths",
    unset: [],
    name: "search_path",
    sql: (value) => strings(value).map(escapeIdentifier).join(", "),
    parse: (text) => text.split(", ").map((name) => name.replace(/^"(.*)"$/, "$1").replaceAll('""', '"')),
  },
  {
    key: "statementTimeout",
    unset: 0,
    name: "statement_timeout",
    sql: (value) => String(Number(value)),
    parse: wholeNumber,
  },
  {
    key: "idleInTransactionSessionTimeout",
    unset: 0,
    name: "idle_in_transaction_session_timeout",
    sql: (value) => String(Number(value)),
    parse: wholeNumber,
  },
  {
    key: "assumeRole",
    unset: "",
    name: "role",
    sql: (value) => escapeIdentifier(String(value)),
    parse: (text) => text,
  },
];
