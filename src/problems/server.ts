import { count, list, quoted } from "./wording.ts";

/** What can be wrong with the server and the connection to it. */
export type ServerProblem =
  | { readonly code: "unreachable"; readonly server: string; readonly detail: string }
  | { readonly code: "no-tls"; readonly server: string }
  | { readonly code: "sign-in-refused"; readonly server: string; readonly user: string; readonly detail: string }
  | { readonly code: "database-missing"; readonly server: string; readonly database: string }
  | {
      readonly code: "connection-lost";
      readonly schema: string;
      readonly detail: string;
      readonly byAdmin: boolean;
      /** What ran, where it is known: the step, or the first of those that shared the message. */
      readonly during?: string | undefined;
    }
  | { readonly code: "read-only"; readonly server: string; readonly why: "standby" | "setting" }
  | { readonly code: "no-rights"; readonly schema: string; readonly user: string; readonly right: "USAGE" | "CREATE" }
  | {
      readonly code: "no-create";
      readonly user: string;
      readonly database: string;
      /** Those that are missing. */
      readonly schemas: readonly string[];
    }
  | { readonly code: "pooler"; readonly server: string }
  /** The server, the database or the role has all the connections that it may have. */
  | { readonly code: "no-session"; readonly server: string; readonly detail: string }
  | { readonly code: "no-free-sessions"; readonly server: string; readonly asked: number; readonly free: number }
  /** A mistake of ours, or something that nobody has thought of. */
  | { readonly code: "unexpected"; readonly schema: string; readonly detail: string }
  | { readonly code: "server-error"; readonly doing: string; readonly error: ServerError };

/** What PostgreSQL said (manual: protocol, Error and Notice Message Fields). */
export interface ServerError {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** The calls that led there: `PL/pgSQL function f() line 3 at RAISE`. */
  readonly where?: string | undefined;
}

/** The words of a {@link ServerProblem}. */
export function serverText(problem: ServerProblem): string {
  switch (problem.code) {
    case "unreachable":
      return `${problem.server} does not answer as PostgreSQL: ${problem.detail}. Check the host, the port and the network.`;
    case "no-tls":
      return `${problem.server} does not speak TLS, which sslmode asks for. If the network is trusted: pulumi config set sslmode disable.`;
    case "sign-in-refused":
      return (
        `${problem.server} refused to sign in "${problem.user}": ${problem.detail}. ` +
        "Check the user and the password (pulumi config set --secret password)."
      );
    case "database-missing":
      return `${problem.server} has no database "${problem.database}". Create it, or name another: pulumi config set database NAME.`;
    case "connection-lost":
      return (
        `Schema "${problem.schema}": the connection was ${problem.byAdmin ? "ended by an administrator" : "lost"}` +
        `${problem.during === undefined ? "" : ` during ${problem.during}`} (${problem.detail}). ` +
        "What was committed stays; run the command again, it goes on from what the ledger says."
      );
    case "read-only":
      return problem.why === "standby"
        ? `${problem.server} is a standby, which takes no changes. Connect to the primary.`
        : `${problem.server} is read-only: default_transaction_read_only is on for this role or database. Turn it off, or use another role.`;
    case "no-rights":
      return `"${problem.user}" lacks ${problem.right} on schema "${problem.schema}". Grant it: GRANT USAGE, CREATE ON SCHEMA ${quoted(problem.schema)} TO ${quoted(problem.user)}.`;
    case "no-create":
      return (
        `"${problem.user}" may not create ${problem.schemas.length === 1 ? "schema" : "schemas"} ${list(problem.schemas)}, ` +
        `which ${problem.schemas.length === 1 ? "is" : "are"} missing. Grant it: GRANT CREATE ON DATABASE ${quoted(problem.database)} TO ${quoted(problem.user)}.`
      );
    case "pooler":
      return (
        `${problem.server} is a pooler that gives each transaction another session (PgBouncer in transaction or statement mode). ` +
        "Locks and settings would land in other clients' sessions. Connect to the server itself, or to the pooler in session mode."
      );
    case "no-session":
      return (
        `${problem.server} grants no further session: ${problem.detail}. Free some, raise that limit, or let fewer schemas go at ` +
        "once: pulumi config set concurrency 1."
      );
    case "no-free-sessions":
      return (
        `${problem.server} has ${problem.free === 0 ? "no connection" : `only ${count(problem.free, "connection")}`} left for this role, ` +
        `and concurrency asks for ${problem.asked} and one more. Lower it: pulumi config set concurrency ${Math.max(1, problem.free)}.`
      );
    case "unexpected":
      return (
        `Schema "${problem.schema}": something went wrong that should not, which is worth a report: ${problem.detail}\n` +
        "What was committed stays; run the command again, it goes on from what the ledger says."
      );
    case "server-error":
      return `PostgreSQL refused ${problem.doing}: ${serverSaid(problem.error)}`;
  }
}

/** What the server said, and under it what it added. */
export function serverSaid({ message, sqlstate, detail, hint, where }: ServerError): string {
  const more = [detail, hint && `Hint: ${hint}`, where?.split("\n").slice(0, 2).join("\n  ")]
    .filter(Boolean)
    .map((text) => `\n  ${text}`);
  return `${message}${sqlstate === "" ? "" : ` (SQLSTATE ${sqlstate})`}${more.join("")}`;
}
