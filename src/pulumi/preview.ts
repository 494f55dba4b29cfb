import { hostname, userInfo } from "node:os";
import { readHistory } from "../history/read-history.ts";
import { withDatabase } from "../postgres/database.ts";
import { mostSessions } from "../postgres/free-sessions.ts";
import { fleetNotes } from "./fleet-notes.ts";
import { type Inputs, type Outputs, wishes } from "./inputs.ts";
import { planAll } from "./plan-all.ts";
import { previewReports, type Report } from "./report.ts";
import { writeSqlFile } from "./sql-file.ts";

/**
 * Tells what an up would do, and writes it into the stack's SQL file. The ledgers are read, nothing is written to the
 * database, not even a ledger that is missing.
 *
 * @throws Refusal with everything that would stand in the way
 */
export async function preview(inputs: Inputs, olds: Outputs | undefined, stack: string): Promise<readonly Report[]> {
  const { plans, losses, handOvers } = await withDatabase(
    inputs.connection,
    mostSessions(inputs.connection, inputs.concurrency),
    (database) => {
      const asked = wishes(inputs, readHistory(inputs.migrations), olds);
      return planAll(database, inputs.connection, asked, inputs);
    },
  );
  const file = writeSqlFile(stack, plans, inputs, `${userInfo().username}@${hostname()}`, handOvers);
  return previewReports(plans, file, losses, handOvers, fleetNotes(inputs, olds, plans));
}
