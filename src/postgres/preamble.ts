import type { Plan } from "../plan/plan.ts";
import { roleOf } from "../role-name.ts";
import { createLedger } from "./ledger-table.ts";
import { quoteName } from "./session.ts";

/**
 * What a schema's first step makes in its own transaction: the schema and its ledger, where they are missing.
 *
 * @param owner to whom the schema is to belong, `{schema}` in it for its name; undefined for who signs in
 */
export function preambleOf(plan: Plan, owner: string | undefined): readonly string[] {
  const authorization = owner === undefined ? "" : ` AUTHORIZATION ${quoteName(roleOf(owner, plan.schema))}`;
  return [
    ...(plan.schemaExists ? [] : [`CREATE SCHEMA IF NOT EXISTS ${quoteName(plan.schema)}${authorization}`]),
    ...(plan.createsLedger ? createLedger(plan.schema) : []),
  ];
}
