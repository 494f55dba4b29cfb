import type { Fleet } from "../config/find-fleets.ts";
import { readHistory } from "../history/read-history.ts";
import { isRelative, targetOf } from "../history/target.ts";
import { currentRevision } from "../plan/ledger.ts";
import { makePlan } from "../plan/make-plan.ts";
import { stepName } from "../plan/plan.ts";
import { withDatabase } from "../postgres/database.ts";
import { type LastEvent, readLastEvents } from "../postgres/last-events.ts";
import { readLedgers } from "../postgres/ledger-table.ts";
import { type Problem, Refusal } from "../problem.ts";
import { readSnapshot } from "../snapshot/snapshot-file.ts";

/** Where one schema of a stack stands. */
export interface SchemaStatus {
  readonly stack: string;
  readonly fleet: string;
  readonly schema: string;
  /** Revision id, `base`, or null where the schema does not exist. */
  readonly current: string | null;
  /** As the config says it; null where the schema is excluded. */
  readonly target: string | null;
  /** What an up would run, `↑ 0010_add_cpf` or `↓ …`. */
  readonly pending: readonly string[];
  /** Why an up would be refused. */
  readonly problems: readonly Problem[];
  readonly lastEvent: LastEvent | null;
}

/**
 * Asks the ledgers of a fleet's schemas and of those it leaves alone, read-only; a database without any ledger is fine.
 *
 * @throws Refusal when the folder cannot be read or the server cannot be reached
 */
export async function readStatus(stack: string, fleet: Fleet): Promise<readonly SchemaStatus[]> {
  const history = readHistory(fleet.migrations);
  const snapshot = fleet.snapshot ? readSnapshot(fleet.migrations, history) : undefined;
  return withDatabase(fleet.connection, 1, (database) =>
    database.withClient(async (client) => {
      await client.query("SET default_transaction_read_only = on");
      const ledgers = await readLedgers(client, [...fleet.schemas, ...fleet.excluded]);
      const excluded = new Set(fleet.excluded);
      const recorded = ledgers.filter((ledger) => ledger.exists).map((ledger) => ledger.schema);
      const events = await readLastEvents(client, recorded);
      return ledgers.map((ledger) => {
        const target = excluded.has(ledger.schema) ? null : targetOf(fleet, ledger.schema);
        return {
          stack,
          fleet: fleet.name,
          schema: ledger.schema,
          current: ledger.schemaExists ? currentRevision(ledger) : null,
          target,
          ...(target === null
            ? { pending: [], problems: [] }
            : pending(target, () => makePlan({ ...fleet, ledger, history, target, snapshot }))),
          lastEvent: events.get(ledger.schema) ?? null,
        };
      });
    }),
  );
}

const SIGNS = { up: "↑", down: "↓", baseline: "=" } as const;

function pending(target: string, plan: () => ReturnType<typeof makePlan>): Pick<SchemaStatus, "pending" | "problems"> {
  // Where a step like -1 led, only the stack's state knows.
  if (isRelative(target)) return { pending: ["(a step: see pulumi preview)"], problems: [] };
  try {
    const steps = plan().steps.map(
      (step) => `${SIGNS[step.source === "baseline" ? "baseline" : step.direction]} ${stepName(step)}`,
    );
    return { pending: steps, problems: [] };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { pending: [], problems: error.problems };
  }
}
