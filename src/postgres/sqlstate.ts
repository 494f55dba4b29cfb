/** SQLSTATEs by name (manual, appendix A). Message text is never matched: it is translated and changes. */
export const INVALID_PASSWORD = "28P01";
export const INVALID_AUTHORIZATION = "28000";
export const INVALID_CATALOG_NAME = "3D000";
export const LOCK_NOT_AVAILABLE = "55P03";
export const DEADLOCK_DETECTED = "40P01";
export const SERIALIZATION_FAILURE = "40001";
export const CRASH_SHUTDOWN = "57P02";
export const CANNOT_CONNECT_NOW = "57P03";
/** pg_terminate_backend, or a server that is shut down: someone meant it, so it is not tried again. */
export const ADMIN_SHUTDOWN = "57P01";

/** True where the server has ended the session with this error. */
export function endsSession(sqlstate: string | undefined): boolean {
  return sqlstate === ADMIN_SHUTDOWN || sqlstate === CRASH_SHUTDOWN || sqlstate === CANNOT_CONNECT_NOW;
}

/** True where nothing is wrong with the script: others were in the way, and the transaction can be run again. */
export function isTransient(sqlstate: string | undefined): boolean {
  return sqlstate === LOCK_NOT_AVAILABLE || sqlstate === DEADLOCK_DETECTED || sqlstate === SERIALIZATION_FAILURE;
}
