import { count, MANY, quoted } from "./wording.ts";

/** What can be wrong with roles and what they may. */
export type RoleProblem =
  | { readonly code: "role-name"; readonly key: string; readonly role: string; readonly why: string }
  | { readonly code: "role-missing"; readonly role: string }
  | {
      readonly code: "cannot-become";
      readonly role: string;
      readonly user: string;
      /** True where the server has memberships without SET ROLE (16 on): to be granted again, it has to be named. */
      readonly hasSetOption: boolean;
    }
  | {
      readonly code: "foreign-owner";
      readonly schema: string;
      readonly owner: string;
      readonly user: string;
      /** What belongs to others, as ALTER names it: `TABLE prod.users`. */
      readonly objects: readonly string[];
    }
  | {
      /** PostgreSQL would pass over the schema in the search path, or let the role make nothing there. */
      readonly code: "shut-out";
      readonly schema: string;
      readonly role: string;
      readonly lacks: readonly SchemaRight[];
      /** Why it is not given these rights: who signs in may not, and whose schema it is. */
      readonly giver?: { readonly user: string; readonly holder: string } | undefined;
    }
  | { readonly code: "search-path-closed"; readonly role: string; readonly schema: string }
  | {
      readonly code: "reaches";
      /** Undefined where every role has the privileges (PUBLIC). */
      readonly role: string | undefined;
      readonly privileges: readonly string[];
      readonly schema: string;
      /** A table, view or sequence in the schema; undefined for the schema itself. */
      readonly relation?: string | undefined;
      readonly isLedger: boolean;
    }
  | {
      readonly code: "member";
      readonly role: string;
      readonly through: string;
      readonly grantor: string;
      /** One of those that it reaches so. */
      readonly schema: string;
    }
  | {
      readonly code: "ledger-owner";
      readonly schema: string;
      readonly table: string;
      readonly role: string;
      readonly user: string;
    };

export type SchemaRight = "USAGE" | "CREATE";

/** The words of a {@link RoleProblem}. */
export function roleText(problem: RoleProblem): string {
  switch (problem.code) {
    case "role-name":
      return `config "${problem.key}": role name "${problem.role}": ${problem.why}`;
    case "role-missing":
      return `Role "${problem.role}" does not exist. Declare it in the program (new postgresql.Role) and let SchemaMigration depend on it, or create it.`;
    case "cannot-become":
      return (
        `"${problem.user}" cannot become "${problem.role}", which migrations are to run as. ` +
        `Grant it: GRANT ${quoted(problem.role)} TO ${quoted(problem.user)}${problem.hasSetOption ? " WITH SET TRUE" : ""}.`
      );
    case "foreign-owner":
      return foreignOwner(problem);
    case "shut-out":
      return shutOut(problem);
    case "search-path-closed":
      return (
        `Role "${problem.role}" lacks USAGE on schema "${problem.schema}" of the search path. ` +
        `Grant it: GRANT USAGE ON SCHEMA ${quoted(problem.schema)} TO ${quoted(problem.role)}.`
      );
    case "reaches":
      return reaches(problem);
    case "member":
      return (
        `Role "${problem.role}" has the rights of "${problem.through}", which reach into schema "${problem.schema}". ` +
        `Take them back: REVOKE ${quoted(problem.through)} FROM ${quoted(problem.role)} GRANTED BY ${quoted(problem.grantor)}.`
      );
    case "ledger-owner":
      return (
        `Role "${problem.role}" owns ${problem.table} of schema "${problem.schema}", which only migrations write. ` +
        `Take it back: ALTER TABLE ${quoted(problem.schema)}.${problem.table} OWNER TO ${quoted(problem.user)}.`
      );
  }
}

function foreignOwner({ schema, owner, user, objects }: Extract<RoleProblem, { code: "foreign-owner" }>): string {
  const shown = objects.slice(0, MANY).map((object) => `\n  ALTER ${object} OWNER TO ${quoted(user)};`);
  const more = objects.length - MANY;
  return (
    `Schema "${schema}": ${count(objects.length, "object")} in it ${objects.length === 1 ? "belongs" : "belong"} to another role than "${owner}", ` +
    `which could not change ${objects.length === 1 ? "it" : "them"}. What is yours, the next up gives to it:${shown.join("")}` +
    `${more > 0 ? `\nand ${more} more; docs/roles.md has the statement that lists all.` : ""}\n` +
    "Whoever owns them now loses what only an owner may: grant it first what it needs."
  );
}

function shutOut({ schema, role, lacks, giver }: Extract<RoleProblem, { code: "shut-out" }>): string {
  const by = giver
    ? `, and "${giver.user}" may not grant it. Let "${giver.holder}", whose schema it is, grant it`
    : ". Grant it";
  return (
    `Schema "${schema}": role "${role}", which migrations run as, lacks ${lacks.join(", ")} on it${by}: ` +
    `GRANT USAGE, CREATE ON SCHEMA ${quoted(schema)} TO ${quoted(role)}.`
  );
}

function reaches(problem: Extract<RoleProblem, { code: "reaches" }>): string {
  const { role, schema, relation, isLedger } = problem;
  const who = role === undefined ? "Every role" : `Role "${role}"`;
  const grantee = role === undefined ? "PUBLIC" : quoted(role);
  const rights = problem.privileges.join(", ");
  const what = relation === undefined ? `schema "${schema}"` : `${schema}.${relation}`;
  const target = relation === undefined ? `SCHEMA ${quoted(schema)}` : `${quoted(schema)}.${quoted(relation)}`;
  const why = isLedger ? "which only migrations write" : role === undefined ? REACHED_BY_ALL : "which is not its own";
  return `${who} has ${rights} on ${what}, ${why}. Take it back: REVOKE ${rights} ON ${target} FROM ${grantee}.`;
}

const REACHED_BY_ALL = "the owners and applications of other schemas among them";
