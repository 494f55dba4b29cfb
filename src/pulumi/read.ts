import type { dynamic } from "@pulumi/pulumi";
import { BASE, compareIds } from "../history/revision.ts";
import { currentRevision, type Ledger } from "../plan/ledger.ts";
import { withDatabase } from "../postgres/database.ts";
import { readLedgers } from "../postgres/ledger-table.ts";
import { shareOut } from "../postgres/share-out.ts";
import { shownByRead } from "./failure.ts";
import { byRevision, bySchema, type Outputs, OutputsShape } from "./inputs.ts";

/** Asks the ledgers where the schemas are, so that a preview starts from the truth. */
export async function read(id: string, props: unknown): Promise<dynamic.ReadResult> {
  try {
    const state = OutputsShape.parse(props);
    return { id, props: { ...state, current: await readCurrent(state) } };
  } catch (error) {
    throw shownByRead(error);
  }
}

/** What is asked for at least, the session of the watch included: how many schemas go at once is not in the state. */
const READERS = 2;

async function readCurrent({ connection, current, applied }: Outputs): Promise<Outputs["current"]> {
  const schemas = [...bySchema(current).keys()];
  const ledgers = await withDatabase(connection, READERS, (database) =>
    database.withClient((client) => shareOut(database, client, schemas, readLedgers)),
  );
  // Most of a fleet share their rows, and are looked at once.
  const standings = new Map<Ledger["applied"], string>();
  for (const ledger of ledgers) {
    if (!standings.has(ledger.applied)) standings.set(ledger.applied, standing(ledger, applied));
  }
  const placeOf = ({ applied, altered }: Ledger) => `${standings.get(applied) ?? BASE}${altered ? " (altered)" : ""}`;
  return byRevision(ledgers.map((ledger) => [ledger.schema, placeOf(ledger)] as const));
}

/** Where a schema is. One that is not whole is nowhere that a target could be, so that the next plan looks at it. */
function standing(ledger: Ledger, known: readonly string[]): string {
  const current = currentRevision(ledger);
  const there = new Set(ledger.applied.map((row) => row.revision));
  if (ledger.applied.some((row) => row.interrupted)) return `${current} (interrupted)`;
  if (known.some((id) => compareIds(id, current) < 0 && !there.has(id))) return `${current} (with gaps)`;
  return current;
}
