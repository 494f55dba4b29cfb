import type { Connection } from "./connection.ts";
import { notHere, strings } from "./inputs.ts";
import { type CheckFailure, type Properties, unknown } from "./resource-type.ts";

/** What can be granted on each type of object, as far as the official plugin accepts it. "ALL" stands for all of it. */
const grantable: Readonly<Record<string, readonly string[]>> = {
  database: ["CONNECT", "CREATE", "TEMPORARY"],
  schema: ["CREATE", "USAGE"],
  table: ["DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"],
  sequence: ["SELECT", "UPDATE", "USAGE"],
  function: ["EXECUTE"],
  routine: ["EXECUTE"],
  type: ["USAGE"],
};

/** What is wrong with `objectType`, `privileges` and `withGrantOption`: privileges and types reach SQL unquoted. */
export function wrongPrivileges(news: Properties, objectTypes: readonly string[]): readonly CheckFailure[] {
  const { role, objectType, privileges, withGrantOption } = news;
  const failures: CheckFailure[] = [];
  if (typeof objectType === "string" && objectType !== unknown && !objectTypes.includes(objectType)) {
    const reason = `"${objectType}" is not one of ${objectTypes.join(", ")}: ${notHere("has no others")}`;
    return [{ property: "objectType", reason }];
  }
  const allowed = [...(grantable[String(objectType)] ?? Object.values(grantable).flat()), "ALL"];
  const given = strings(privileges).filter((privilege) => privilege !== unknown);
  for (const privilege of given.filter((candidate) => !allowed.includes(candidate))) {
    const reason = `"${privilege}" is not a privilege on a ${objectType}: ${allowed.join(", ")} are`;
    failures.push({ property: "privileges", reason });
  }
  if (given.includes("ALL") && given.length > 1) {
    failures.push({ property: "privileges", reason: '"ALL" stands alone' });
  }
  if (withGrantOption === true && role === "public") {
    failures.push({ property: "withGrantOption", reason: 'the server has no grant option for "public"' });
  }
  return failures;
}

/** The privileges to record for those that the server has: `wanted` where they are the same, "ALL" being all at least. */
export function recordedPrivileges(objectType: string, wanted: unknown, actual: readonly string[]): readonly string[] {
  const all = strings(wanted).includes("ALL") && grantable[objectType]?.every((each) => actual.includes(each));
  return all === true ? ["ALL"] : [...new Set(actual)].sort();
}

export interface Scope {
  readonly role: string;
  readonly database: string;
  /** None for what is not in a schema. */
  readonly schema: string | undefined;
}

/** Whether the role (or "public"), the database and the schema are all there. */
export async function exists(connection: Connection, { role, database, schema }: Scope): Promise<boolean> {
  const doing = `look for role "${role}" and database "${database}"`;
  const [found] = await connection.query({
    database: connection.database,
    sql:
      "SELECT ($1 = 'public' OR EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1)) AND " +
      "EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $2) AS there",
    values: [role, database],
    doing,
  });
  if (found?.there !== true || schema === undefined) return found?.there === true;
  const schemas = await connection.query({
    database,
    sql: "SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1",
    values: [schema],
    doing: `look for schema "${schema}"`,
  });
  return schemas.length > 0;
}

/** SQL for the oid of the role named $1, as access control lists hold it: 0 is everyone. */
export const granteeSql =
  "(CASE WHEN $1 = 'public' THEN 0 ELSE (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1) END)";

/** The ways out of what goes wrong when privileges are changed. */
export const explainGrant: Readonly<Record<string, string>> = {
  "42501":
    "The provider's user has to be a superuser or a member of the owner's role: this project's stand-in for the plugin of " +
    "@pulumi/postgresql does not make itself one for the time, as the official plugin does.",
  "42725": "Functions with the same name and other arguments cannot be told apart here.",
};

/** In addition when privileges are taken away. */
export const explainRevoke: Readonly<Record<string, string>> = Object.fromEntries(
  ["3F000", "42704", "42P01", "42883"].map((state) => [
    state,
    "It is gone, and its privileges with it: `pulumi refresh` takes them out of the state.",
  ]),
);
