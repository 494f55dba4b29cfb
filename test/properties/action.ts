import fc from "fast-check";
import type { File } from "./model.ts";

/** A folder at the beginning, and what is done then. */
export interface Story {
  readonly files: readonly File[];
  readonly actions: readonly Action[];
}

/** Something that a person or the world does. */
export type Action =
  /** Adds a file, or changes the one of that number; below the head or above it. */
  | { readonly do: "write"; readonly file: File }
  /** Changes one script of a file, by its place in the folder. */
  | { readonly do: "edit up"; readonly place: number; readonly text: number }
  | { readonly do: "edit down"; readonly place: number; readonly text: number | undefined }
  | { readonly do: "remove"; readonly place: number }
  | { readonly do: "target"; readonly target: Destination }
  | { readonly do: "pin"; readonly schema: number; readonly target: Destination }
  | { readonly do: "unpin"; readonly schema: number }
  | ({ readonly do: "run"; readonly fault: Fault | undefined } & Permissions);

/** A file of the folder goes by its place in it, counted round. */
export type Destination = "head" | "base" | { readonly place: number };

export interface Permissions {
  readonly allowOutOfOrder: boolean;
  readonly downFrom: "folder" | "ledger" | undefined;
}

/** What happens at a message of one step that is about to run. */
export interface Fault {
  /** SIGKILL of the process, or the end of its connection. */
  readonly kind: "kill" | "cut";
  /** Which of the schemas, and which of its steps; counted round. */
  readonly schema: number;
  readonly step: number;
  /** Outside a transaction there are three messages: the row that says it has begun, the statement, the row that says it is done. */
  readonly message: "started" | "statement" | "done";
  readonly when: "before" | "after";
}

export const SCHEMAS = 3;
const HIGHEST = 7;

const place = fc.nat(HIGHEST - 1);
const schema = fc.nat(SCHEMAS - 1);
const upText = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(1, 2) }, { weight: 1, arbitrary: fc.constant(0) });
const downText = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(1, 2) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);
const file = fc.record({ number: fc.integer({ min: 1, max: HIGHEST }), up: upText, down: downText });
const target: fc.Arbitrary<Destination> = fc.oneof(
  { weight: 2, arbitrary: fc.constant("head") },
  { weight: 1, arbitrary: fc.constant("base") },
  { weight: 3, arbitrary: fc.record({ place }) },
);

const fault = fc.record<Fault>({
  kind: fc.constantFrom("kill", "cut"),
  schema,
  step: fc.nat(HIGHEST - 1),
  message: fc.constantFrom("done", "started", "statement"),
  when: fc.constantFrom("before", "after"),
});

/** Weighted so that most runs have something to do and may do it. */
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("write"), file }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("edit up"), place, text: upText }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("edit down"), place, text: downText }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("remove"), place }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("target"), target }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pin"), schema, target }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("unpin"), schema }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("run"),
      fault: fc.option(fault, { nil: undefined, freq: 2 }),
      allowOutOfOrder: fc.boolean(),
      downFrom: fc.constantFrom(undefined, undefined, "folder", "ledger"),
    }),
  },
);

export const stories: fc.Arbitrary<Story> = fc.record({
  files: fc.uniqueArray(file, { selector: ({ number }) => number, maxLength: HIGHEST, size: "max" }),
  actions: fc.array(action, { minLength: 1, maxLength: 24, size: "max" }),
});
