/**
 * What a schema should be after any sequence of actions, by the rules that README.md gives to users. It shares no code with
 * src/plan: the two were written apart, and have to agree.
 */

/** A file of the migrations folder. Its number alone says how it runs: an even one builds an index, concurrently. */
export interface File {
  readonly number: number;
  /** Which text the up script has; that of 0 fails. */
  readonly up: number;
  /** Which text the down script has, if any. */
  readonly down: number | undefined;
}

/** A row of a ledger: the file as it was when it was applied. */
export interface Row extends File {
  /** Set where a script outside a transaction began and did not finish. */
  readonly half?: "up" | "down";
}

/** What one schema should hold. */
export interface SchemaModel {
  /** In the order of applying. */
  readonly rows: readonly Row[];
  /** Every step that was ever finished. */
  readonly done: readonly Done[];
}

export interface Done {
  readonly number: number;
  readonly direction: "up" | "down";
  /** Which text of the script ran. */
  readonly text: number;
}

/** A step to take: the row that it adds, or the one that it removes. */
export interface Step extends Done {
  readonly row: Row;
}

export type Target = "head" | "base" | number;

export interface Wanted {
  readonly files: readonly File[];
  readonly target: Target;
  readonly allowOutOfOrder: boolean;
  readonly downFrom: "folder" | "ledger" | undefined;
}

/** Either reasons to refuse, as the codes of problems, or the steps to take. */
export interface Way {
  readonly reasons: readonly string[];
  readonly steps: readonly Step[];
}

export function outsideTransaction({ number }: Pick<File, "number">): boolean {
  return number % 2 === 0;
}

/** Where a schema is: its highest revision that is there. */
export function standing({ rows }: SchemaModel): number | "base" {
  const there = rows.filter((row) => row.half !== "up").map((row) => row.number);
  return there.length === 0 ? "base" : Math.max(...there);
}

export function wayOf({ rows }: SchemaModel, wanted: Wanted): Way {
  const { target } = wanted;
  const files = new Map(wanted.files.map((file) => [file.number, file]));
  if (typeof target === "number" && !files.has(target)) return { reasons: ["unknown-target"], steps: [] };
  const limit = target === "head" ? Number.POSITIVE_INFINITY : target === "base" ? 0 : target;
  const reasons: string[] = [];
  const steps: Step[] = [];

  for (const row of rows.toReversed()) {
    const file = files.get(row.number);
    if (file && row.number <= limit) continue;
    if (row.half === "up") reasons.push("interrupted");
    if (!file && (target === "head" || row.number < limit)) reasons.push("not-in-folder");
    const texts = [file?.down, row.down].filter((text) => text !== undefined);
    if (texts.length === 0) reasons.push("down-missing");
    if (new Set(texts).size === 2 && wanted.downFrom === undefined) reasons.push("down-differs");
    const text = wanted.downFrom === "ledger" ? texts.at(-1) : texts.at(0);
    steps.push({ number: row.number, direction: "down", text: text ?? -1, row });
  }

  let highest = 0;
  for (const row of rows) {
    const file = files.get(row.number);
    if (!file || row.number > limit) continue;
    if (row.half === "down") reasons.push("interrupted");
    if (row.half !== "up") highest = Math.max(highest, row.number);
    // What began is finished as it began: only a person can know what another text left.
    if (row.up !== file.up) reasons.push(row.half === "up" ? "interrupted" : "edited");
  }

  for (const file of wanted.files.toSorted((a, b) => a.number - b.number)) {
    const row = rows.find(({ number }) => number === file.number);
    if (file.number > limit || (row && row.half !== "up")) continue;
    if (file.number < highest && !wanted.allowOutOfOrder) reasons.push("out-of-order");
    // A resumed script keeps the row that it began with.
    steps.push({ number: file.number, direction: "up", text: file.up, row: whole(row ?? file) });
  }
  return { reasons, steps };
}

/** The schema when a step is done. */
export function after({ rows, done }: SchemaModel, { row, number, direction, text }: Step): SchemaModel {
  return {
    rows: direction === "up" ? placed(rows, row) : rows.filter((each) => each.number !== number),
    done: [...done, { number, direction, text }],
  };
}

/** The schema when a step outside a transaction has begun and not finished. */
export function halfWay({ rows, done }: SchemaModel, { row, direction }: Step): SchemaModel {
  return { rows: placed(rows, { ...row, half: direction }), done };
}

/** A row that is there keeps its place. */
function placed(rows: readonly Row[], row: Row): readonly Row[] {
  const known = rows.some(({ number }) => number === row.number);
  return known ? rows.map((each) => (each.number === row.number ? row : each)) : [...rows, row];
}

/** The schema when a run that nobody disturbs has ended: at its target, or before the first script that fails. */
export function ended(
  schema: SchemaModel,
  steps: readonly Step[],
): { readonly schema: SchemaModel; readonly failed: boolean } {
  const failing = steps.findIndex(fails);
  if (failing < 0) return { schema: steps.reduce(after, schema), failed: false };
  const before = steps.slice(0, failing).reduce(after, schema);
  const step = steps[failing];
  return { schema: step && outsideTransaction(step) ? halfWay(before, step) : before, failed: true };
}

/** Every place where a run can be killed: after each number of whole steps, or in the middle of the next one. */
export function stops(
  schema: SchemaModel,
  steps: readonly Step[],
): readonly { readonly schema: SchemaModel; readonly whole: number }[] {
  return Array.from({ length: steps.length + 1 }, (_, count) => steps.slice(0, count)).flatMap((taken) => {
    if (taken.some(fails)) return [];
    const reached = taken.reduce(after, schema);
    const next = steps[taken.length];
    const begun = next && outsideTransaction(next) ? [halfWay(reached, next)] : [];
    return [reached, ...begun].map((each) => ({ schema: each, whole: taken.length }));
  });
}

function fails({ direction, text }: Step): boolean {
  return direction === "up" && text === 0;
}

function whole({ number, up, down }: File): Row {
  return { number, up, down };
}
