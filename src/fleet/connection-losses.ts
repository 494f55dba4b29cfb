import pRetry from "p-retry";
import type { Database } from "../postgres/database.ts";
import { refusalOf } from "../postgres/refusal-of.ts";
import { type Problem, Refusal } from "../problem.ts";

export interface Recovery {
  /** How long a server that was lost is waited for, in ms from its loss. */
  readonly recoveryMs: number;
  /** Once aborted, it is not waited for any longer. */
  readonly stop: AbortSignal;
}

/**
 * Goes on after a lost connection in a new session, from what the ledger says: the COMMIT whose answer was lost may have
 * succeeded. Not where an administrator ended the session, who meant it. Where the server grants no session, one of this run's is
 * waited for, as long as there are any.
 */
export async function whileConnectionsGetLost<T>(
  database: Database,
  schema: string,
  { recoveryMs, stop }: Recovery,
  attempt: () => Promise<T>,
): Promise<T> {
  let loss: { readonly at: number; readonly refusal: Refusal } | undefined;
  const during = new Map<string, number>();
  try {
    return await pRetry(attempt, {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 200,
      maxTimeout: 5_000,
      factor: 2,
      randomize: true,
      shouldRetry: ({ error }) => {
        const refusal = refusalOf(error, schema);
        if (!refusal.problems.some(isLoss)) return false;
        if (refusal.problems.some(isNotGranted) && database.signedIn() > 0) {
          // The server is there. Also when stopped: a session comes free as soon as another schema is done with its step.
          loss = undefined;
          return true;
        }
        // Who was signed in has lost a server that was there: another outage than the one before.
        if (!loss || refusal.problems.some(({ code }) => code === "connection-lost"))
          loss = { at: performance.now(), refusal };
        for (const step of stepsLost(refusal)) {
          const times = (during.get(step) ?? 0) + 1;
          if (times >= OFTEN) return false;
          during.set(step, times);
        }
        return !stop.aborted && performance.now() - loss.at <= recoveryMs;
      },
    });
  } catch (error) {
    // How it was lost says more than that it is still away.
    const away = error instanceof Refusal && error.problems.every((problem) => problem.code === "unreachable");
    throw away && loss ? loss.refusal : error;
  }
}

/**
 * So often a session may be lost during one step, or outside of any. Once is a failover, twice may be bad luck; a step that takes the
 * server down would do so again and again.
 */
const OFTEN = 3;

function stepsLost({ problems }: Refusal): readonly string[] {
  return problems.flatMap((problem) => (problem.code === "connection-lost" ? [problem.during ?? ""] : []));
}

/** Who cannot sign in has lost the server as well: it was there when the schema was planned. */
function isLoss(problem: Problem): boolean {
  return (
    problem.code === "unreachable" || isNotGranted(problem) || (problem.code === "connection-lost" && !problem.byAdmin)
  );
}

function isNotGranted({ code }: Problem): boolean {
  return code === "no-session";
}
