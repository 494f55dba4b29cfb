import { quoted } from "./wording.ts";

/** Which way a script goes. */
export type Direction = "up" | "down";

/** What makes the ledger say what became of a script that began outside a transaction, for either answer. */
export function interruptedWays(schema: string, revision: string, direction: Direction): string {
  const { finished, forgotten } = begunEntries(schema, revision, direction);
  const [there, gone] = direction === "up" ? [finished, forgotten] : [forgotten, finished];
  return `\n  it is there:     ${there};\n  it is not there: ${gone};`;
}

/** The same of an up of which nothing is left, so that it begins anew. */
export function forgottenWay(schema: string, revision: string): string {
  return `\n  it is not there: ${begunEntries(schema, revision, "up").forgotten};`;
}

/** What makes the ledger's entry of a script that began say that it finished, or takes it away. */
function begunEntries(schema: string, revision: string, direction: Direction) {
  const table = `${quoted(schema)}.migration_ledger`;
  const where = `WHERE revision = '${revision.replaceAll("'", "''")}' AND direction = '${direction}' AND outcome = 'started'`;
  return { finished: `UPDATE ${table} SET outcome = 'done' ${where}`, forgotten: `DELETE FROM ${table} ${where}` };
}
