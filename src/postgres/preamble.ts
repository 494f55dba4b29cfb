import type { Plan } from "../plan/plan.ts";
import { createLedger } from "./ledger-table.ts";
import { quoteName } from "./session.ts";

/** What a schema's first step makes in its own transaction: the schema and its ledger, where they are missing. */
export function preambleOf(plan: Plan): readonly string[] {
  return [
    ...(plan.schemaExists ? [] : [`CREATE SCHEMA IF NOT EXISTS ${quoteName(plan.schema)}`]),
    ...(plan.createsLedger ? createLedger(plan.schema) : []),
  ];
}
