import { randomUUID } from "node:crypto";
import type { dynamic } from "@pulumi/pulumi";
import { readHistory } from "../history/read-history.ts";
import { compareIds } from "../history/revision.ts";
import { acceptedIds, isRelative, targetOf } from "../history/target.ts";
import { errorText } from "../problem-text.ts";
import {
  bySchema,
  desiredPlaces,
  folderInputs,
  type Inputs,
  InputsShape,
  type Outputs,
  OutputsShape,
  type Raw,
  takenSteps,
} from "./inputs.ts";
import { endWithEngine } from "./stop.ts";

/**
 * What the provider's methods do. Here Pulumi's shapes end: everything is parsed and handed on. What goes to a server is
 * loaded only where it is needed: Pulumi starts this process twice in every run, mostly to find that there is nothing to do. Each of
 * them begins with a check or a read.
 */

/** The engine's stand-in for a value that a preview cannot know (pulumi: runtime/rpc.ts, unknownValue). */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Computes the desired state from files alone, so that the same files always give the same plan. */
export function check(_olds: unknown, news: Raw): dynamic.CheckResult {
  endWithEngine();
  if (Object.values(news).includes(UNKNOWN))
    return { inputs: { ...news, revisions: UNKNOWN, downs: UNKNOWN, head: UNKNOWN } };
  try {
    const inputs = InputsShape.omit({ revisions: true, downs: true, head: true }).parse(news);
    const history = readHistory(inputs.migrations);
    acceptedIds(history, inputs.acceptEdited);
    return { inputs: { ...news, ...folderInputs(history, inputs) } };
  } catch (error) {
    return { inputs: news, failures: [{ property: "", reason: errorText(error) }] };
  }
}

/** Changes where a schema is not where it should be; all other changes of the inputs the engine finds by itself. */
export function diff(_id: string, olds: unknown, news: Raw): dynamic.DiffResult {
  const state = OutputsShape.safeParse(olds);
  const inputs = InputsShape.safeParse(news);
  if (!state.success || !inputs.success) return {};
  const ids = Object.keys(inputs.data.revisions).sort(compareIds);
  const current = bySchema(state.data.current);
  const places = [...desiredPlaces(inputs.data, ids), ...steppedPlaces(inputs.data, state.data)];
  return places.some(([schema, place]) => place !== current.get(schema)) ? { changes: true } : {};
}

/** Where a relative target has led: a schema that did not get there, or is there no longer, is to go. */
function steppedPlaces(inputs: Inputs, state: Outputs): readonly (readonly [string, string | undefined])[] {
  const taken = takenSteps(state);
  return inputs.schemas.flatMap((schema) => {
    const target = targetOf(inputs, schema);
    return isRelative(target) ? [[schema, taken.get(target)?.get(schema)] as const] : [];
  });
}

/** Migrates the schemas of a new resource; what is already applied in them is adopted. */
export async function create(news: Raw): Promise<dynamic.CreateResult> {
  const id = randomUUID();
  return { id, outs: await (await import("./migrate.ts")).migrate(id, news, undefined) };
}

/** Migrates the schemas to the new inputs. */
export async function update(id: string, olds: Raw, news: Raw): Promise<dynamic.UpdateResult> {
  const state = OutputsShape.safeParse(olds);
  return { outs: await (await import("./migrate.ts")).migrate(id, news, state.success ? state.data : undefined) };
}

/** Asks the ledgers where the schemas are, so that a preview starts from the truth. */
export async function read(id: string, props: unknown): Promise<dynamic.ReadResult> {
  endWithEngine();
  return (await import("./read.ts")).read(id, props);
}
