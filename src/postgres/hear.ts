import type pg from "pg";

/** The function of the server's own that carries out a RAISE (PostgreSQL: pl_exec.c). */
const RAISE = "exec_stmt_raise";

interface Notice {
  readonly routine: string | undefined;
  readonly severity: string | undefined;
  readonly message: string | undefined;
}

/**
 * Hands on what PL/pgSQL code says by RAISE while the callback works in a session, as `NOTICE: 3 rows left alone`. What the server
 * says by itself ("table "x" does not exist, skipping") is told from it by where it comes from: its SQLSTATE is the same, 00000.
 */
export async function hearing<T>(
  client: pg.ClientBase,
  onSaid: (text: string) => void,
  callback: () => Promise<T>,
): Promise<T> {
  const note = ({ routine, severity, message }: Notice) => {
    if (routine === RAISE) onSaid(`${severity}: ${message}`);
  };
  client.on("notice", note);
  try {
    return await callback();
  } finally {
    client.off("notice", note);
  }
}
