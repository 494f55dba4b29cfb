import type { Revision } from "../../src/history/revision.ts";
import type { AppliedRevision, Ledger } from "../../src/plan/ledger.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { PlanRequest } from "../../src/plan/plan-request.ts";
import { historyOf, type Scripts } from "../support/history.ts";

/** A revision as the folder reader would make it. */
export function revision(id: string, scripts: Exclude<Scripts, string>): Revision {
  const [made] = historyOf({ [id]: scripts });
  if (!made) throw new Error("A history of one revision has one.");
  return made;
}

/** A revision whose scripts tell which they are. */
export function both(id: string): Revision {
  return revision(id, { up: `SELECT 'up ${id}';\n`, down: `SELECT 'down ${id}';\n` });
}

/** What a ledger says of a revision that was applied. */
export function row(applied: Revision, changes: Partial<AppliedRevision> = {}): AppliedRevision {
  return {
    revision: applied.id,
    checksum: applied.checksum,
    down: applied.down?.sql,
    transaction: applied.transaction,
    interrupted: undefined,
    ...changes,
  };
}

/** The ledger of a schema that the revisions were applied to, in the given order. */
export function ledgerOf(applied: readonly Revision[], schema = "prod"): Ledger {
  return ledgerRows(
    applied.map((each) => row(each)),
    schema,
  );
}

export function ledgerRows(applied: readonly AppliedRevision[], schema = "prod"): Ledger {
  return {
    schema,
    schemaExists: true,
    populated: true,
    used: true,
    exists: true,
    applied,
    entries: applied.length,
    altered: false,
  };
}

/** The ledger of a schema that is there and was never migrated: there is none. */
export function noLedger(changes: Partial<Ledger> = {}): Ledger {
  return {
    schema: "prod",
    schemaExists: true,
    exists: false,
    applied: [],
    populated: false,
    used: false,
    entries: 0,
    altered: false,
    ...changes,
  };
}

/** A plan with what does not matter left out. */
export function plan(request: Partial<PlanRequest> & Pick<PlanRequest, "ledger" | "history">): Plan {
  return makePlan({ target: "head", allowOutOfOrder: false, ...request });
}

/** The steps of a plan in short: `up 0001_a`. */
export function moves({ steps }: Plan): readonly string[] {
  return steps.map((step) => `${step.direction} ${step.revision}`);
}
