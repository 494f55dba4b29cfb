import { withSchemaLock } from "../postgres/advisory-lock.ts";
import { type Database, patiently } from "../postgres/database.ts";
import { type HandOver, handOverSql } from "../postgres/hand-over.ts";
import { refusalOf } from "../postgres/refusal-of.ts";
import type { StepSettings } from "../postgres/step-messages.ts";
import { Refusal } from "../problem.ts";

/**
 * Hands schemas over to their roles, one after the other, each under its lock. It happens once in a schema's life; one that
 * fails stops it, and what was handed over stays.
 *
 * @throws Refusal
 */
export async function handOverAll(
  database: Database,
  handOvers: readonly HandOver[],
  settings: StepSettings & { readonly waitTimeoutMs: number },
  stop: AbortSignal,
): Promise<void> {
  for (const roles of handOvers) {
    const { schema } = roles;
    if (stop.aborted) throw new Refusal([{ code: "stopped" }]);
    try {
      await database.withClient((client) =>
        withSchemaLock(client, schema, { waitMs: settings.waitTimeoutMs, onWait: () => {}, stop }, () =>
          client.query(patiently(handOverSql(roles, settings))),
        ),
      );
    } catch (error) {
      throw refusalOf(error, schema);
    }
  }
}
