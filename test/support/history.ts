import { checksum, type History, normalise, parseStem } from "../../src/history/revision.ts";

/** The scripts of one revision; a text alone is an up script. */
export type Scripts = string | { readonly up?: string; readonly down?: string; readonly transaction?: boolean };

/** A history as the folder reader makes it, from scripts by revision id. */
export function historyOf(revisions: Readonly<Record<string, Scripts>>): History {
  return Object.entries(revisions).map(([id, scripts]) => {
    const { up, down, transaction = true } = typeof scripts === "string" ? { up: scripts } : scripts;
    const { number, name } = parseStem(id) ?? { number: -1n, name: id };
    return {
      id,
      number,
      name,
      checksum: checksum(normalise(up ?? "")),
      ...(up !== undefined && { up: { file: `migrations/${id}.up.sql`, sql: normalise(up) } }),
      ...(down !== undefined && { down: { file: `migrations/${id}.down.sql`, sql: normalise(down) } }),
      transaction,
    };
  });
}
