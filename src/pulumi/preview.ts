import { readHistory } from "../history/read-history.ts";
import { type Inputs, type Outputs, wishes } from "./inputs.ts";
import { type FleetPlan, planAll } from "./plan-all.ts";

/**
 * What an up would do, read-only: the ledgers are read, nothing is written, not even a ledger that is missing.
 *
 * @throws Refusal with everything that would stand in the way
 */
export async function previewPlans(inputs: Inputs, olds: Outputs | undefined): Promise<FleetPlan> {
  const asked = wishes(inputs, readHistory(inputs.migrations), olds);
  return planAll(inputs.connection, asked);
}
