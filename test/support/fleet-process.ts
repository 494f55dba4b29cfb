/**
 * One up over several schemas in a process of its own, which can be killed. Told what to do by its only argument; prints a
 * line when it is ready, one for each step that begins, and its results.
 */
import type { Connection } from "../../src/postgres/connection.ts";
import { historyOf, type Scripts } from "./history.ts";
import { planned, up, wish } from "./migrate.ts";

export interface FleetTask {
  readonly connection: Connection;
  readonly scripts: Readonly<Record<string, Scripts>>;
  /** Target by schema. */
  readonly targets: Readonly<Record<string, string>>;
  readonly concurrency: number;
  readonly waitMs: number;
}

if (import.meta.main) {
  const task: FleetTask = JSON.parse(process.argv[2] ?? "");
  const history = historyOf(task.scripts);
  const wishes = Object.fromEntries(
    Object.entries(task.targets).map(([schema, target]) => [schema, wish(history, { target })]),
  );
  const { concurrency, waitMs } = task;
  // Where the server is away by now, the run is what has to wait for it.
  const plans = await planned(task.connection, wishes).catch(() => wishes);
  console.log("ready");
  const results = await up(task.connection, plans, {
    concurrency,
    waitMs,
    onStep: ({ schema }, { revision }) => console.log(`${schema} ${revision}`),
  });
  console.log(JSON.stringify(results));
}
