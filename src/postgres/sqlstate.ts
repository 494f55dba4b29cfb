import type { DatabaseError } from "pg";

/** SQLSTATEs by name (manual, appendix A). Message text is never matched: it is translated and changes. */
export const INVALID_PASSWORD = "28P01";
export const INVALID_AUTHORIZATION = "28000";
export const INVALID_CATALOG_NAME = "3D000";
const INVALID_TEXT_REPRESENTATION = "22P02";
const INSUFFICIENT_PRIVILEGE = "42501";
const CANNOT_CONNECT_NOW = "57P03";
export const DISK_FULL = "53100";
export const TOO_MANY_CONNECTIONS = "53300";
export const INVALID_TRANSACTION_TERMINATION = "2D000";
export const LOCK_NOT_AVAILABLE = "55P03";
const DEADLOCK_DETECTED = "40P01";
const SERIALIZATION_FAILURE = "40001";
const CRASH_SHUTDOWN = "57P02";
const ADMIN_SHUTDOWN = "57P01";
const INTERNAL_ERROR = "XX000";
const DUPLICATE_TABLE = "42P07";
const DUPLICATE_OBJECT = "42710";
const DUPLICATE_SCHEMA = "42P06";
const DUPLICATE_COLUMN = "42701";
const DUPLICATE_FUNCTION = "42723";

/** What tells errors apart: the SQLSTATE, and where one says too little the function of the server that raised it. */
type Raised = Pick<DatabaseError, "code" | "routine">;

/** True where the server has ended the session with this error. */
export function endsSession({ code }: Raised): boolean {
  return code === ADMIN_SHUTDOWN || code === CRASH_SHUTDOWN || code === CANNOT_CONNECT_NOW;
}

/**
 * True for pg_terminate_backend, or a server that is shut down: someone meant it, so it is not tried again. A session that
 * finds its server killed says the same SQLSTATE, from where it reads and writes (PostgreSQL: be-secure.c).
 */
export function isByAdmin({ code, routine }: Raised): boolean {
  return code === ADMIN_SHUTDOWN && routine === "ProcessInterrupts";
}

/** True for what a statement is refused for as it is written, before it does anything (class 42). */
export function isRefused(sqlstate: string): boolean {
  return sqlstate.startsWith("42");
}

/** True where what a script makes is there. */
export function isThereAlready(sqlstate: string): boolean {
  return DUPLICATES.includes(sqlstate);
}

const DUPLICATES: readonly string[] = [
  DUPLICATE_TABLE,
  DUPLICATE_OBJECT,
  DUPLICATE_SCHEMA,
  DUPLICATE_COLUMN,
  DUPLICATE_FUNCTION,
];

/** True where a proof that a role may use a schema failed as made to, or where the role may have no temporary schema in its place. */
export function isShutOut({ code }: Raised): boolean {
  return code === INVALID_TEXT_REPRESENTATION || code === INSUFFICIENT_PRIVILEGE;
}

/** True where nothing is wrong with the script: others were in the way, and the transaction can be run again. */
export function isTransient({ code, routine }: Raised): boolean {
  return (
    code === LOCK_NOT_AVAILABLE ||
    code === DEADLOCK_DETECTED ||
    code === SERIALIZATION_FAILURE ||
    (code === INTERNAL_ERROR && routine !== undefined && CATALOG_WRITES.includes(routine))
  );
}

/** Where two sessions meet that change one row of the catalog ("tuple concurrently updated"; PostgreSQL: heapam.c). */
const CATALOG_WRITES: readonly string[] = ["simple_heap_update", "simple_heap_delete"];
