import assert from "node:assert/strict";
import type { SchemaResult } from "../../src/fleet/run-schema.ts";
import type { Action, Destination, Story } from "./action.ts";
import {
  ended,
  type File,
  outsideTransaction,
  type SchemaModel,
  type Step,
  standing,
  stops,
  type Target,
  wayOf,
} from "./model.ts";
import { expected } from "./observe.ts";
import { idOf } from "./scripts.ts";
import type { Config, StepMoment, World } from "./world.ts";

/** What should be, in the world as a whole. */
interface State {
  readonly files: readonly File[];
  readonly target: Target;
  readonly pins: Readonly<Record<string, Target>>;
  readonly schemas: Readonly<Record<string, SchemaModel>>;
}

type Run = Extract<Action, { readonly do: "run" }>;

/**
 * Does the actions in a world one after the other, then goes forward and back to base; after each run every schema is held
 * against the model. Throws at the first difference.
 */
export async function play(world: World, { files, actions }: Story, count: (what: string) => void): Promise<void> {
  const empty: SchemaModel = { rows: [], done: [] };
  let state: State = {
    files,
    target: "head",
    pins: {},
    schemas: Object.fromEntries(world.schemas.map((schema) => [schema, empty])),
  };
  world.write(files);
  for (const action of [...actions, ...end(world.schemas.length)]) {
    if (action.do === "run") state = { ...state, schemas: await run(world, state, action, count) };
    else {
      state = decided(state, action, world.schemas);
      world.write(state.files);
    }
  }
}

/** Forward as far as it goes, then all the way back, at last with the scripts that the ledgers kept. */
function end(schemas: number): readonly Action[] {
  const run: Run = { do: "run", fault: undefined, allowOutOfOrder: true, downFrom: "ledger" };
  const unpinned = Array.from({ length: schemas }, (_, schema): Action => ({ do: "unpin", schema }));
  return [run, ...unpinned, { do: "target", target: "base" }, { ...run, downFrom: undefined }, run];
}

/** What files and config are after an action. */
function decided(state: State, action: Exclude<Action, Run>, schemas: readonly string[]): State {
  const { files, pins } = state;
  const chosen = "place" in action ? at(files, action.place) : undefined;
  const written = (file: File) => [...files.filter(({ number }) => number !== file.number), file];
  switch (action.do) {
    case "write":
      return { ...state, files: written(action.file) };
    case "edit up":
      return chosen ? { ...state, files: written({ ...chosen, up: action.text }) } : state;
    case "edit down":
      return chosen ? { ...state, files: written({ ...chosen, down: action.text }) } : state;
    case "remove":
      return { ...state, files: files.filter((file) => file !== chosen) };
    case "target":
      return { ...state, target: targetAt(files, action.target) };
    case "pin":
      return { ...state, pins: { ...pins, [schemas[action.schema] ?? ""]: targetAt(files, action.target) } };
    case "unpin":
      return {
        ...state,
        pins: Object.fromEntries(Object.entries(pins).filter(([schema]) => schema !== schemas[action.schema])),
      };
  }
}

function targetAt(files: readonly File[], target: Destination): Target {
  if (typeof target === "string") return target;
  return at(files, target.place)?.number ?? "head";
}

function at(files: readonly File[], place: number): File | undefined {
  return files.toSorted((a, b) => a.number - b.number)[place % Math.max(1, files.length)];
}

async function run(world: World, state: State, action: Run, count: (what: string) => void): Promise<State["schemas"]> {
  const { allowOutOfOrder, downFrom, fault } = action;
  const config: Config = { target: state.target, pins: state.pins, allowOutOfOrder, downFrom };
  const ways = new Map(
    Object.entries(state.schemas).map(([schema, model]) => [
      schema,
      wayOf(model, { files: state.files, target: state.pins[schema] ?? state.target, allowOutOfOrder, downFrom }),
    ]),
  );
  const reasons = [...ways.values()].flatMap((way) => way.reasons);
  const before = reasons.length > 0 ? await world.everything() : undefined;

  const moment = reasons.length === 0 && fault ? momentOf(fault, world.schemas, ways) : undefined;
  const { answer, struck } = await world.run(config, moment);

  if (reasons.length > 0) {
    assert(answer?.kind === "refused", `should be refused for ${reasons.join()}, but: ${JSON.stringify(answer)}`);
    const codes = answer.problems.map(({ code }) => code);
    assert(
      codes.every((code) => reasons.includes(code)),
      `refused for ${codes.join()}, but the reasons are ${reasons.join()}`,
    );
    assert.deepEqual(await world.everything(), before, "a refusal changed something");
    count("refused");
    return state.schemas;
  }
  assert(answer?.kind !== "refused", `should run, but was refused: ${JSON.stringify(answer)}`);

  const next: Record<string, SchemaModel> = {};
  for (const [schema, model] of Object.entries(state.schemas)) {
    const steps = ways.get(schema)?.steps ?? [];
    const seen = await world.observe(schema);
    if (!answer) {
      const places = stops(model, steps).filter(({ whole }) => isPossible(whole, schema, steps, moment));
      const place = places.find((each) => same(expected(each.schema), seen));
      // Where there is none, the difference to the last one is told.
      if (!place) assert.deepEqual(seen, expected(places.at(-1)?.schema ?? model), `${schema} after a kill`);
      next[schema] = place?.schema ?? model;
      continue;
    }
    const end = ended(model, steps);
    assert.deepEqual(seen, expected(end.schema), `${schema} after a run`);
    const told: SchemaResult | undefined = answer.results.find((result) => result.schema === schema);
    const at = standing(end.schema);
    assert.equal(told?.to, at === "base" ? at : idOf(at), `${schema}: where the run says it is`);
    assert.deepEqual(
      told?.problems.map(({ code }) => code),
      end.failed ? ["step-failed"] : [],
      schema,
    );
    assert.deepEqual(
      told?.steps.map(({ revision, direction }) => `${revision} ${direction}`),
      expected(end.schema).events.slice(model.done.length),
      `${schema}: the steps that the run says it took`,
    );
    count(steps.length === 0 ? "idle" : end.failed ? "failed" : "done");
    next[schema] = end.schema;
  }
  if (struck) count(answer ? "cut" : "killed");
  return next;
}

function momentOf(
  fault: StepMoment["fault"],
  schemas: readonly string[],
  ways: ReadonlyMap<string, { readonly steps: readonly Step[] }>,
): StepMoment | undefined {
  const busy = schemas.flatMap((schema) => (ways.get(schema)?.steps.length ? [schema] : []));
  const schema = busy[fault.schema % busy.length];
  if (schema === undefined) return undefined;
  const steps = ways.get(schema)?.steps ?? [];
  const step = steps[fault.step % steps.length];
  return step && { fault, schema, step };
}

/** Whether so many whole steps can be there after a kill: those before it are, and itself is where the COMMIT came first. */
function isPossible(whole: number, schema: string, steps: readonly Step[], moment: StepMoment | undefined): boolean {
  if (!moment || moment.schema !== schema) return true;
  const { step, fault } = moment;
  // The statement of another schema may have looked the same.
  if (outsideTransaction(step) && fault.message === "statement") return true;
  const isLast = !outsideTransaction(step) || fault.message === "done";
  return whole === steps.indexOf(step) + (isLast && fault.when === "after" ? 1 : 0);
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
