import type { Connection } from "./connection.ts";

/** Inputs or outputs of a resource as the engine sends them: plain JSON, secrets as plain text, unknowns as `unknown`. */
export type Properties = Readonly<Record<string, unknown>>;

/** What the engine sends in place of a value that a preview cannot know. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

export interface Checked {
  /** The inputs with their defaults; the keys that were defaulted are listed in `__defaults`. */
  readonly inputs: Properties;
  readonly failures: readonly CheckFailure[];
}

/** The keys that changed, by what it takes to change them. */
export interface Changes {
  readonly update: readonly string[];
  readonly replace: readonly string[];
}

/** What a resource is in the server; undefined from `read` where it does not exist. */
export interface State {
  readonly id: string;
  readonly outputs: Properties;
  /** The inputs to record with it: those of before with the server's values, or for an import all that describe it. */
  readonly inputs: Properties;
}

/** One resource type of @pulumi/postgresql. `check`, `diff` and `preview` never connect to the server. */
export interface ResourceType {
  readonly token: string;
  check(urnName: string, olds: Properties, news: Properties, randomHex: string): Checked;
  diff(olds: Properties, news: Properties): Changes;
  /** The outputs as far as a preview can know them. */
  preview(connection: Connection, inputs: Properties): Properties;
  create(connection: Connection, inputs: Properties): Promise<State>;
  read(connection: Connection, id: string, outputs: Properties, inputs: Properties): Promise<State | undefined>;
  update(connection: Connection, olds: Properties, news: Properties): Promise<State>;
  delete(connection: Connection, outputs: Properties): Promise<void>;
}
