import * as pulumi from "@pulumi/pulumi";
import type { Wave } from "../fleet/waves.ts";
import type { Connection } from "../postgres/connection.ts";
import { errorText } from "../problem-text.ts";
import { InputsShape, OutputsShape } from "./inputs.ts";
import { provider } from "./provider.ts";

export interface SchemaMigrationArgs {
  /** Kept as a secret. */
  readonly connection: pulumi.Input<Connection>;
  /** The schemas that this resource owns: one, or thousands. Those that are missing are created. */
  readonly schemas: pulumi.Input<readonly pulumi.Input<string>[]>;
  /** Schemas left alone on purpose, which previews tell. Default none. */
  readonly excluded?: readonly string[];
  /** Folder of the migrations, relative to the project. Default `migrations`. */
  readonly migrations?: string;
  /**
   * `head` (default), `base`, a revision by id, number, name or a unique beginning of one, or a step from where each schema
   * is, `-1` or `+2`. Naming a revision below the current one rolls back to it.
   */
  readonly target?: pulumi.Input<string>;
  /** Targets of single schemas, by schema name; the others follow `target`. */
  readonly pins?: pulumi.Input<Readonly<Record<string, string>>>;
  /** Schemas behind the migrated one in the search path, for extensions. Default none. */
  readonly searchPath?: readonly string[];
  /** Run files ordered below an applied revision, instead of refusing them. Default false. */
  readonly allowOutOfOrder?: boolean;
  /**
   * Revisions, named as a target names one, whose up script may have been edited since it was applied. Where it is, nothing runs and the
   * ledger keeps what it has; elsewhere the script runs as it is now. Default none.
   */
  readonly acceptEdited?: readonly string[];
  /** Which down script runs where the folder's differs from the one recorded. Default: refuse. */
  readonly downFrom?: "folder" | "ledger" | undefined;
  /** A target up to which a schema without a ledger records what is there already, without running it. */
  readonly baseline?: string | undefined;
  /** Takes over from another tool's table where a schema has no ledger: Alembic's says where it is. */
  readonly adopt?: "alembic" | undefined;
  /**
   * The role that steps run as, so that what they make belongs to it; `{schema}` in it stands for the schema's name. It has to
   * exist, and who signs in must be allowed to become it. Default: steps run as who signs in.
   */
  readonly owner?: string | undefined;
  /** The role of a schema's application, `{schema}` as above: gets its rights on what the owner has there already. */
  readonly app?: string | undefined;
  /** Make schemas that are empty from the folder's `snapshot.sql`, where it is proven equal. Default false. */
  readonly snapshot?: boolean;
  /** How long a statement waits for a table's lock, in ms. Default 5000; 0 waits for ever. */
  readonly lockTimeoutMs?: number;
  /** How long a statement may take, in ms. Default 0: for ever. */
  readonly statementTimeoutMs?: number;
  /** How long to wait for another run on the same schema, in ms. Default 60000. */
  readonly waitTimeoutMs?: number;
  /** Schemas migrated at once, each with a connection of its own, and one more for all. Default 0: by what is free. */
  readonly concurrency?: number;
  /** Who goes first: for each wave names, patterns, or a share like `10%`; the rest follows when they are whole. Default all at once. */
  readonly waves?: readonly Wave[];
  /** Between two waves, in ms. Default 0. */
  readonly wavePauseMs?: number;
  /** A query whose first value has to be true before the next wave starts. */
  readonly waveCheck?: string | undefined;
  /** After a failure: start no further schema (`stop`, default), or `continue` with the rest of the wave. */
  readonly onFailure?: "stop" | "continue";
  /** With `continue`: how many schemas may fail before no further one is started. Default 0: any number. */
  readonly failureLimit?: number;
}

/**
 * Migrates schemas of one PostgreSQL database to a target revision, forward or back. A preview shows what would run in
 * each schema and writes nothing; deleting the resource lets go of the schemas and drops nothing.
 */
export class SchemaMigration extends pulumi.dynamic.Resource {
  /** Schemas by the revision that they are at, or `base`. */
  declare readonly current: pulumi.Output<Readonly<Record<string, readonly string[]>>>;
  /** What the folder has beyond a revision that schemas are held at; without any it is left out. */
  declare readonly pending: pulumi.Output<Readonly<Record<string, readonly string[]>>>;

  constructor(name: string, args: SchemaMigrationArgs, options: pulumi.CustomResourceOptions = {}) {
    const type = "SchemaMigration";
    const urn = pulumi.createUrn(name, `pulumi-nodejs:dynamic:${type}`, options.parent);
    const report = new pulumi.ResourceHook(`${name}-preview`, (hook) => reportPreview(hook, this), { onDryRun: true });
    const inputs = {
      // Named one by one: what a caller's spread carries besides must not reach the state.
      connection: pulumi.secret(args.connection),
      schemas: args.schemas,
      excluded: args.excluded ?? [],
      migrations: args.migrations ?? "migrations",
      target: args.target ?? "head",
      pins: args.pins ?? {},
      searchPath: args.searchPath ?? [],
      allowOutOfOrder: args.allowOutOfOrder ?? false,
      acceptEdited: args.acceptEdited ?? [],
      downFrom: args.downFrom,
      baseline: args.baseline,
      adopt: args.adopt,
      owner: args.owner,
      app: args.app,
      snapshot: args.snapshot ?? false,
      lockTimeoutMs: args.lockTimeoutMs ?? 5_000,
      statementTimeoutMs: args.statementTimeoutMs ?? 0,
      waitTimeoutMs: args.waitTimeoutMs ?? 60_000,
      concurrency: args.concurrency ?? 0,
      waves: args.waves ?? [],
      wavePauseMs: args.wavePauseMs ?? 0,
      waveCheck: args.waveCheck,
      onFailure: args.onFailure ?? "stop",
      failureLimit: args.failureLimit ?? 0,
      progressUrn: urn,
      // Outputs.
      current: undefined,
      pending: undefined,
    };
    const hooks = { beforeCreate: [report], beforeUpdate: [report] };
    super(provider, name, inputs, { ...options, hooks: { ...options.hooks, ...hooks } }, undefined, type);
    // What loads in vain, where nothing changes, nobody waits for.
    if (pulumi.runtime.isDryRun()) setTimeout(loadAhead, LOAD_AFTER_MS).unref();
  }
}

/** By then the engine has the resource and starts its provider, for which the program waits. */
const LOAD_AFTER_MS = 400;

/**
 * The provider's own modules as well: its process is killed, and never writes what it has compiled to NODE_COMPILE_CACHE, where this
 * one does. Without it each provider's start would compile TypeScript.
 */
async function loadAhead(): Promise<void> {
  await loadPreview();
  await Promise.all([import("./handler.ts"), import("./read.ts")]);
}

/** What only a preview needs, and takes a while to load. */
function loadPreview(): Promise<typeof import("./preview.ts")> {
  return import("./preview.ts");
}

/** Runs in the program's process before the engine creates or updates the resource; in a preview it tells what would run. */
async function reportPreview(hook: pulumi.ResourceHookArgs, resource: pulumi.Resource): Promise<void> {
  if (!pulumi.runtime.isDryRun()) return;
  const inputs = InputsShape.safeParse({ ...hook.newInputs, connection: await revealed(hook.newInputs?.connection) });
  // `check` has parsed all that is known, so what fails here hangs on a resource that this same up will create.
  if (!inputs.success) {
    void pulumi.log.info("What would run is known only when the connection and the schemas are.", resource);
    return;
  }
  const olds = OutputsShape.safeParse({ ...hook.oldOutputs, connection: inputs.data.connection });
  try {
    const { preview } = await loadPreview();
    const reports = await preview(inputs.data, olds.success ? olds.data : undefined, pulumi.getStack());
    for (const { text, warning } of reports) {
      // Not awaited: the log waits for the resource's URN, which waits for this hook.
      void (warning ? pulumi.log.warn(text, resource) : pulumi.log.info(text, resource));
    }
  } catch (error) {
    throw new Error(errorText(error));
  }
}

/** The value of a secret, which hooks get wrapped; undefined where a preview cannot know it, for which `apply` never runs. */
async function revealed(value: unknown): Promise<unknown> {
  if (!pulumi.Output.isInstance(value)) return value;
  const { isKnown } = value as unknown as { readonly isKnown: Promise<boolean> };
  return (await isKnown) ? new Promise((resolve) => value.apply(resolve)) : undefined;
}
