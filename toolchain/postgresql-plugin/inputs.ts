import { type CheckFailure, type Properties, unknown } from "./resource-type.ts";

/** "number" is a whole one, "secret" a string, "secret elsewhere" one that only the official plugin has. */
export type InputType = "string" | "secret" | "secret elsewhere" | "boolean" | "number" | "strings";

/**
 * What is wrong with the inputs, as far as a preview can tell: all of it. Unknown values pass. A failure with a secret is one
 * of no property, for with the property the engine prints its value, which is in plain text then.
 */
export function wrongInputs(types: Readonly<Record<string, InputType>>, news: Properties): readonly CheckFailure[] {
  return Object.entries(news).flatMap(([property, value]) => {
    if (property.startsWith("__") || value === unknown) return [];
    const type = types[property];
    if (type === undefined) return [{ property, reason: notHere("does not know this input") }];
    if (type === "secret elsewhere") return [{ property: "", reason: notHere(`does not know the input ${property}`) }];
    if (type === "secret") return isText(value) ? [] : [{ property: "", reason: `${property} is not a possible text` }];
    return isOf(type, value) ? [] : [{ property, reason: wrongType(type, value) }];
  });
}

/** The reason to refuse what the official plugin may accept. `lacks` completes "the stand-in …". */
export function notHere(lacks: string): string {
  return `this project's stand-in for the plugin of @pulumi/postgresql ${lacks}; the official plugin may`;
}

/** Whether the server takes it whole: it would cut an SQL text at a NUL, and say what it did not understand then. */
const isText = (value: unknown): boolean => typeof value === "string" && !value.includes("\0");

function isOf(type: InputType, value: unknown): boolean {
  switch (type) {
    case "strings":
      return Array.isArray(value) && value.every((element) => typeof element === "string");
    case "number":
      return Number.isSafeInteger(value);
    default:
      return typeof value === type;
  }
}

function wrongType(type: InputType, value: unknown): string {
  switch (type) {
    case "strings":
      return `${JSON.stringify(value)} is not a list of strings`;
    case "number":
      return `${JSON.stringify(value)} is not a whole number`;
    default:
      return `${JSON.stringify(value)} is not a ${type}`;
  }
}

/** A name for a resource that is given none: the one that an earlier check made up, for a resource keeps it, or a new one. */
export function generatedName(urnName: string, olds: Properties, randomHex: string): unknown {
  const defaulted = olds.__defaults;
  return Array.isArray(defaulted) && defaulted.includes("name") ? olds.name : `${urnName}-${randomHex.slice(0, 7)}`;
}

/** The inputs that were left out, with their defaults. */
export function completed(news: Properties, defaults: Properties): Properties {
  const added = Object.entries(defaults).filter(([key]) => news[key] === undefined);
  return { ...news, ...Object.fromEntries(added), __defaults: added.map(([key]) => key).sort() };
}

/** The strings of a list; none where it is left out. */
export function strings(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

/** Whether both hold the same, with lists taken as sets where `unordered`; a value left out is as `unset`. */
export function same(before: unknown, after: unknown, unset: unknown, unordered = false): boolean {
  const normal = (value: unknown): unknown => {
    const given = value ?? unset;
    return Array.isArray(given) && unordered ? [...new Set(given.map(String))].sort() : given;
  };
  return JSON.stringify(normal(before)) === JSON.stringify(normal(after));
}
