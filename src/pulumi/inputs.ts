import { z } from "zod";
import type { Wish } from "../fleet/run-schema.ts";
import { BASE, checksum, type History } from "../history/revision.ts";
import { acceptedIds, idAt, resolveTarget, targetOf } from "../history/target.ts";
import { SSL_MODES } from "../postgres/connection.ts";
import { readSnapshot } from "../snapshot/snapshot-file.ts";

const ConnectionShape = z.object({
  host: z.string(),
  port: z.number(),
  database: z.string(),
  user: z.string(),
  password: z.string().optional(),
  sslmode: z.enum(SSL_MODES),
  sslrootcert: z.string().optional(),
});

/** Properties as the engine hands them over; `__provider` among them is the provider's own text. */
export type Raw = Readonly<Record<string, unknown>>;

/** What the engine keeps as the resource's inputs: the desired state, from config and files alone. */
export const InputsShape = z.object({
  connection: ConnectionShape,
  schemas: z.array(z.string()),
  /** Left alone on purpose; previews tell them. */
  excluded: z.array(z.string()),
  migrations: z.string(),
  target: z.string(),
  pins: z.record(z.string(), z.string()),
  searchPath: z.array(z.string()),
  allowOutOfOrder: z.boolean(),
  acceptEdited: z.array(z.string()),
  downFrom: z.enum(["folder", "ledger"]).optional(),
  baseline: z.string().optional(),
  adopt: z.enum(["alembic"]).optional(),
  owner: z.string().optional(),
  app: z.string().optional(),
  snapshot: z.boolean(),
  lockTimeoutMs: z.number(),
  statementTimeoutMs: z.number(),
  waitTimeoutMs: z.number(),
  concurrency: z.number(),
  waves: z.array(z.array(z.string())),
  wavePauseMs: z.number(),
  waveCheck: z.string().optional(),
  onFailure: z.enum(["stop", "continue"]),
  failureLimit: z.number(),
  /** Of the resource, so that the provider can show progress on its line. */
  progressUrn: z.string(),
  /** Checksums by revision id, of all that any of the schemas will have: the engine's diff shows what comes and goes. */
  revisions: z.record(z.string(), z.string()),
  /** Checksums of the down scripts, by revision id: those of the revisions beyond are what a rollback runs. */
  downs: z.record(z.string(), z.string()),
  /** The folder's last revision: what is held back by a pin changes with it. */
  head: z.string(),
});

export type Inputs = z.infer<typeof InputsShape>;

/** What the engine keeps as the resource's outputs: what the ledgers said last. A schema's name stands in it once. */
export const OutputsShape = z.object({
  connection: ConnectionShape,
  /** Schemas by the revision that they are at, or `base`. */
  current: z.record(z.string(), z.array(z.string())),
  /** What the folder has beyond a revision that some schemas are held at by their target. */
  pending: z.record(z.string(), z.array(z.string())),
  /** The revisions up to the highest that is applied anywhere, so that a refresh notices one that is missing. */
  applied: z.array(z.string()),
  /**
   * Where a relative target led: target, revision, schemas; so that `-1` is one step and not one more at each up. Also of schemas that
   * are away meanwhile.
   */
  steps: z.record(z.string(), z.record(z.string(), z.array(z.string()))),
});

export type Outputs = z.infer<typeof OutputsShape>;

/** What the inputs have of the folder. */
export type FolderInputs = Pick<Inputs, "revisions" | "downs" | "head">;

/** What the engine's plan is to hold of the folder, so that nothing else runs than what was planned. */
export function folderInputs(history: History, inputs: Omit<Inputs, keyof FolderInputs>): FolderInputs {
  return {
    revisions: desiredRevisions(history, inputs),
    downs: downChecksums(history),
    head: history.at(-1)?.id ?? BASE,
  };
}

/** Of all revisions of the folder that have a down script. */
export function downChecksums(history: History): Inputs["downs"] {
  return Object.fromEntries(history.flatMap(({ id, down }) => (down ? [[id, checksum(down.sql)]] : [])));
}

/** Checksums of the revisions that any of the schemas will have. A relative target can lead anywhere: all of them. */
export function desiredRevisions(history: History, inputs: Omit<Inputs, keyof FolderInputs>): Inputs["revisions"] {
  const ids = history.map((revision) => revision.id);
  const targets = new Set(inputs.schemas.map((schema) => targetOf(inputs, schema)));
  const positions = [...targets].map((text) => {
    const target = resolveTarget(ids, text);
    return target.kind === "position" ? target.position : ids.length;
  });
  const wanted = history.slice(0, Math.max(...positions));
  return Object.fromEntries(wanted.map((revision) => [revision.id, revision.checksum]));
}

/** How each schema is to be planned. A relative target that was already taken is the place where it led. */
export function wishes(inputs: Inputs, history: History, olds: Outputs | undefined): ReadonlyMap<string, Wish> {
  const { owner, allowOutOfOrder, downFrom, baseline, adopt } = inputs;
  const snapshot = inputs.snapshot ? readSnapshot(inputs.migrations, history) : undefined;
  const acceptEdited = acceptedIds(history, inputs.acceptEdited);
  const taken = takenSteps(olds);
  return new Map(
    inputs.schemas.map((schema) => {
      const asked = targetOf(inputs, schema);
      const target = taken.get(asked)?.get(schema) ?? asked;
      return [schema, { history, target, allowOutOfOrder, acceptEdited, downFrom, baseline, adopt, owner, snapshot }];
    }),
  );
}

/** By relative target: where it led each schema. */
export function takenSteps(olds: Outputs | undefined): ReadonlyMap<string, ReadonlyMap<string, string>> {
  return new Map(Object.entries(olds?.steps ?? {}).map(([target, places]) => [target, bySchema(places)]));
}

/** Schemas listed by revision, as revisions by schema. */
export function bySchema(places: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(places).flatMap(([revision, schemas]) => schemas.map((schema) => [schema, revision] as const)),
  );
}

/** Revisions by schema, as schemas listed by revision. */
export function byRevision(places: Iterable<readonly [string, string]>): Readonly<Record<string, string[]>> {
  const groups = Map.groupBy(places, ([, revision]) => revision);
  return Object.fromEntries([...groups].map(([revision, group]) => [revision, group.map(([schema]) => schema)]));
}

/** Where the schemas should be by their inputs, by schema. Left out are those where only a ledger can tell. */
export function desiredPlaces(inputs: Inputs, orderedIds: readonly string[]): ReadonlyMap<string, string> {
  const byTarget = Map.groupBy(inputs.schemas, (schema) => targetOf(inputs, schema));
  const places = [...byTarget].flatMap(([text, schemas]) => {
    const target = resolveTarget(orderedIds, text);
    if (target.kind !== "position") return [];
    const place = idAt(orderedIds, target.position);
    return schemas.map((schema) => [schema, place] as const);
  });
  return new Map(places);
}
