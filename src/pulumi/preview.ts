import { readHistory } from "../history/read-history.ts";
import { tryWave } from "../postgres/check-wave.ts";
import { mayNotCreate } from "../postgres/create-right.ts";
import { withDatabase } from "../postgres/database.ts";
import { mostSessions } from "../postgres/free-sessions.ts";
import { missingInPath } from "../postgres/search-path.ts";
import { problemText } from "../problem-text.ts";
import { actor } from "./actor.ts";
import { fleetNotes } from "./fleet-notes.ts";
import { type Inputs, type Outputs, wishes } from "./inputs.ts";
import { planAll } from "./plan-all.ts";
import { previewReports, type Report } from "./report.ts";
import { writeSqlFile } from "./sql-file.ts";

/**
 * Tells what an up would do, and writes it into the stack's SQL file. The ledgers are read, nothing is written to the
 * database, not even a ledger that is missing.
 *
 * @param state what the last up left
 * @throws Refusal with everything that would stand in the way
 */
export async function preview(inputs: Inputs, state: Outputs | undefined, stack: string): Promise<readonly Report[]> {
  const { plans, losses, sharedDrops, handOvers, untried, lacking } = await withDatabase(
    inputs.connection,
    mostSessions(inputs.connection, inputs.concurrency),
    async (database) => {
      const asked = wishes(inputs, readHistory(inputs.migrations), state);
      const plan = await planAll(database, inputs.connection, asked, inputs);
      const untried = await tryWave(database, inputs.waves.length > 0 ? inputs.waveCheck : undefined);
      const missing = plan.plans.filter(({ schemaExists }) => !schemaExists).map(({ schema }) => schema);
      const lacking = [
        ...(await missingInPath(database, inputs.searchPath)),
        ...(await mayNotCreate(database, missing)),
      ];
      return { ...plan, untried, lacking };
    },
  );
  const file = writeSqlFile(stack, plans, inputs, actor(), handOvers);
  return [
    ...sharedDrops.map((problem) => warning(problemText(problem))),
    ...lacking.map((problem) => warning(problemText(problem))),
    ...untried.map((problem) => warning(`As things are, waveCheck would hold the waves. ${problemText(problem)}`)),
    ...previewReports(plans, file, losses, handOvers, fleetNotes(inputs, state, plans)),
  ];
}

function warning(text: string): Report {
  return { text, warning: true };
}
