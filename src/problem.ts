/**
 * What can be wrong, as data. A problem quotes what the user wrote and carries what is true instead; its words are in
 * problem-text.ts, the only place that turns problems into text.
 */
export type Problem =
  // Configuration
  | {
      readonly code: "config";
      readonly key: string;
      readonly got: string;
      readonly wants: string;
      readonly fix?: string;
    }
  | { readonly code: "unknown-key"; readonly key: string; readonly near: string | undefined }
  | { readonly code: "no-connection" }
  // The migrations folder
  | { readonly code: "folder-missing"; readonly folder: string; readonly isFile: boolean }
  | { readonly code: "not-utf8"; readonly file: string }
  | { readonly code: "unnumbered"; readonly file: string; readonly isFolder: boolean }
  | { readonly code: "unknown-direction"; readonly file: string }
  | { readonly code: "duplicate-number"; readonly number: string; readonly files: readonly string[] }
  | { readonly code: "bad-module"; readonly file: string; readonly detail: string }
  | { readonly code: "bad-metadata"; readonly file: string; readonly detail: string }
  // The target
  | {
      readonly code: "unknown-target";
      readonly target: string;
      readonly near: readonly string[];
      readonly head: string;
    }
  | { readonly code: "ambiguous-target"; readonly target: string; readonly candidates: readonly string[] }
  | {
      readonly code: "step-out-of-range";
      readonly target: string;
      readonly schema: string;
      readonly current: string;
      readonly available: number;
    }
  // Scripts
  | {
      readonly code: "syntax-error";
      readonly file: string;
      readonly line: number;
      readonly column: number;
      readonly detail: string;
      readonly text: string;
    }
  | { readonly code: "transaction-control"; readonly file: string; readonly line: number; readonly text: string }
  | {
      readonly code: "mixed-transaction";
      readonly file: string;
      readonly line: number;
      readonly text: string;
      /** True where the script wraps it into a BEGIN … COMMIT of its own. */
      readonly wrapped: boolean;
    }
  | { readonly code: "leaves-role"; readonly file: string; readonly line: number; readonly text: string }
  | { readonly code: "unbound-definer"; readonly file: string; readonly line: number; readonly text: string }
  // The plan: ledger against folder
  | {
      readonly code: "edited";
      readonly schema?: string;
      readonly revision: string;
      readonly was: string;
      readonly is: string;
    }
  | {
      readonly code: "not-in-folder";
      readonly schema: string;
      readonly revisions: readonly string[];
      readonly head: string;
    }
  | {
      readonly code: "out-of-order";
      readonly schema: string;
      readonly revisions: readonly string[];
      readonly head: string;
    }
  | { readonly code: "down-missing"; readonly schema: string; readonly revision: string }
  | { readonly code: "down-differs"; readonly schema: string; readonly revision: string; readonly file: string }
  | { readonly code: "irreversible"; readonly schema: string; readonly revision: string; readonly reason: string }
  | {
      readonly code: "unknown-baseline";
      readonly schema: string;
      readonly baseline: string;
      readonly from: "config" | "alembic";
    }
  | { readonly code: "below-baseline"; readonly schema: string; readonly target: string; readonly baseline: string }
  | {
      readonly code: "alembic-found";
      readonly schema: string;
      readonly version: string;
      readonly revision: string | undefined;
    }
  | {
      readonly code: "interrupted";
      readonly schema: string;
      readonly revision: string;
      readonly direction: Direction;
      /** True where the script is not the one that began. */
      readonly edited?: true;
    }
  | { readonly code: "folder-changed"; readonly revisions: readonly string[] }
  | {
      readonly code: "once-a-database";
      readonly file: string;
      readonly line: number;
      /** `role`, `extension`: what there is one of. */
      readonly kind: string;
      readonly text: string;
    }
  // The snapshot: why the history is replayed in its place, and why none is made
  | ({ readonly code: "snapshot-unused"; readonly file: string } & (
      | { readonly why: "missing" | "unreadable" }
      | { readonly why: "stale"; readonly revision: string }
      | { readonly why: "other-server"; readonly made: number; readonly here: number }
      | { readonly why: "failed"; readonly schema: string; readonly problem: Problem }
    ))
  | { readonly code: "snapshot-refused"; readonly why: SnapshotRefusal; readonly what: readonly string[] }
  // Schemas
  | { readonly code: "schema-name"; readonly schema: string; readonly why: string }
  | { readonly code: "owned-twice"; readonly schemas: readonly string[]; readonly fleets: readonly string[] }
  | { readonly code: "schemas-query"; readonly got: string }
  // Roles
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
    }
  // The server
  | { readonly code: "unreachable"; readonly server: string; readonly detail: string }
  | { readonly code: "no-tls"; readonly server: string }
  | { readonly code: "sign-in-refused"; readonly server: string; readonly user: string; readonly detail: string }
  | { readonly code: "database-missing"; readonly server: string; readonly database: string }
  | { readonly code: "connection-lost"; readonly schema: string; readonly detail: string; readonly byAdmin: boolean }
  | { readonly code: "read-only"; readonly server: string; readonly why: "standby" | "setting" }
  | { readonly code: "no-rights"; readonly schema: string; readonly user: string; readonly right: "USAGE" | "CREATE" }
  | { readonly code: "pooler"; readonly server: string }
  | { readonly code: "no-free-sessions"; readonly server: string; readonly asked: number; readonly free: number }
  | { readonly code: "server-error"; readonly doing: string; readonly error: ServerError }
  // Applying
  | { readonly code: "stopped" }
  | {
      readonly code: "steps-left";
      readonly schema: string;
      readonly at: string;
      readonly left: number;
      readonly of: number;
    }
  | { readonly code: "wave-check"; readonly query: string; readonly answer: string }
  | {
      readonly code: "blocked";
      readonly schema: string;
      readonly revision: string;
      readonly file: string;
      readonly attempts: number;
      /** True outside a transaction: what was done before stays. */
      readonly partly: boolean;
      readonly blocker: Blocker | undefined;
      readonly error: ServerError;
    }
  | {
      readonly code: "locked";
      readonly schema: string;
      readonly waitedMs: number;
      readonly holder: LockHolder | undefined;
    }
  | {
      readonly code: "step-failed";
      readonly schema: string;
      readonly revision: string;
      readonly direction: Direction;
      readonly file: string;
      readonly line: number | undefined;
      readonly statement: string | undefined;
      readonly error: ServerError;
      /** Where the schema stands now. */
      readonly at: string;
      /** What has to be mended. */
      readonly cause: "script" | "disk-full";
      /** True where the script ran outside a transaction, so that earlier statements of it stay. */
      readonly partly: boolean;
    };

export type Direction = "up" | "down";

/** Why a history has no snapshot that is proven equal. */
export type SnapshotRefusal = "no-revision" | "typescript" | "data" | "outside" | "uncompared" | "named" | "differs";

/** The session that holds a schema's advisory lock (pg_stat_activity). */
export interface LockHolder {
  readonly pid: number;
  readonly application: string;
  readonly user: string;
  /** Since when, in seconds. */
  readonly seconds: number;
}

/** The session that stands in the way of a step (pg_blocking_pids). */
export interface Blocker extends LockHolder {
  /** What it runs or ran last, its first 200 characters; `seconds` is the age of its transaction. */
  readonly query: string;
}

/** What PostgreSQL said (manual: protocol, Error and Notice Message Fields). */
export interface ServerError {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** The calls that led there: `PL/pgSQL function f() line 3 at RAISE`. */
  readonly where?: string | undefined;
}

/** Thrown when something is refused or has failed: one or more problems, all that could be found together. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => problem.code).join(", "));
    this.problems = problems;
  }
}

/** Throws a {@link Refusal} if there is any problem. */
export function refuseIfAny(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new Refusal(problems);
}
