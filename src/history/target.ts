import leven from "leven";
import { type Problem, Refusal, refuseIfAny } from "../problem.ts";
import { BASE, type History, parseStem } from "./revision.ts";

/**
 * What a user asked for, against the ordered ids of a history.
 * `position` counts the revisions that are applied there: 0 is base, 3 is after the third.
 * `explicit` is true where the user named a place, so that going down to it is meant.
 */
export type Target =
  | { readonly kind: "position"; readonly position: number; readonly explicit: boolean }
  | { readonly kind: "relative"; readonly steps: number };

/**
 * Resolves `head`, `base`, a full id, a number (leading zeros do not count), a name, a unique prefix of an id or a name,
 * or a step `-1`, `+2`. The closer match wins: an exact number before a prefix.
 *
 * @param ids ordered revision ids
 * @throws Refusal unknown-target with near ids, or ambiguous-target with the candidates
 */
export function resolveTarget(ids: readonly string[], text: string): Target {
  if (text === "head") return { kind: "position", position: ids.length, explicit: false };
  if (text === BASE) return { kind: "position", position: 0, explicit: true };
  if (isRelative(text)) return { kind: "relative", steps: Number(text) };
  return { kind: "position", position: namedPosition(ids, text, "target"), explicit: true };
}

/**
 * The ids of the revisions whose edits are accepted, which are named as a target names one: by id, number, name or a unique beginning.
 *
 * @throws Refusal unknown-target or ambiguous-target, of all names together
 */
export function acceptedIds(history: History, names: readonly string[]): readonly string[] {
  const ids = history.map((revision) => revision.id);
  const problems: Problem[] = [];
  const accepted = names.flatMap((name) => {
    try {
      return [idAt(ids, namedPosition(ids, name, "acceptEdited"))];
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  refuseIfAny(problems);
  return accepted;
}

function namedPosition(ids: readonly string[], text: string, key: "target" | "acceptEdited"): number {
  const exact = matches(ids, (id) => id === text);
  const numbered = /^\d+$/.test(text) ? matches(ids, (id) => parseStem(id)?.number === BigInt(text)) : [];
  const named = matches(ids, (id) => parseStem(id)?.name === text);
  const begun = matches(ids, (id) => id.startsWith(text) || (parseStem(id)?.name.startsWith(text) ?? false));
  const found = [exact, numbered, named, begun].find((positions) => positions.length > 0) ?? [];

  const [position] = found;
  if (position === undefined || text === "") {
    throw new Refusal([
      { code: "unknown-target", key, target: text, near: nearIds(ids, text), head: ids.at(-1) ?? BASE },
    ]);
  }
  if (found.length > 1) {
    const candidates = found.map((match) => ids[match - 1] ?? "");
    throw new Refusal([{ code: "ambiguous-target", key, target: text, candidates }]);
  }
  return position;
}

/** The target of one schema: its pin, or the target of all. */
export function targetOf(
  { pins, target }: { readonly pins: Readonly<Record<string, string>>; readonly target: string },
  schema: string,
): string {
  // A schema may be named like something that every object has.
  return Object.hasOwn(pins, schema) ? (pins[schema] ?? target) : target;
}

/** True for a step from where a schema is: `-1`, `+2`. */
export function isRelative(text: string): boolean {
  return /^[+-]\d+$/.test(text);
}

/** The id of the revision at a position, or `base`. */
export function idAt(ids: readonly string[], position: number): string {
  return position === 0 ? BASE : (ids[position - 1] ?? BASE);
}

function matches(ids: readonly string[], fits: (id: string) => boolean): readonly number[] {
  return ids.flatMap((id, index) => (fits(id) ? [index + 1] : []));
}

/** Up to three ids that a person may have meant: those which hold the text, then those a few keystrokes away. */
function nearIds(ids: readonly string[], text: string): readonly string[] {
  const wanted = text.toLowerCase();
  if (wanted === "") return [];
  const ranked = ids
    .map((id) => ({ id, far: id.toLowerCase().includes(wanted) ? 0 : keystrokes(id, wanted) }))
    .filter(({ far }) => far <= wanted.length / 3)
    .sort((a, b) => a.far - b.far);
  return ranked.slice(0, 3).map(({ id }) => id);
}

/** Edits between the text and the closest of id, name, and the beginnings of both as long as the text. */
function keystrokes(id: string, text: string): number {
  const name = parseStem(id)?.name ?? id;
  const forms = [id, name, id.slice(0, text.length), name.slice(0, text.length)];
  return Math.min(...forms.map((form) => leven(form.toLowerCase(), text)));
}
