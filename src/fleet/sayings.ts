import { excerpt, indent } from "../problem-text.ts";
import { schemaNames } from "../schema-name.ts";

/** Texts that are told, and characters of each: a script may say something of every row, in each of a thousand schemas. */
const MANY = 20;
const LONG = 300;

/** What the scripts of a run say by RAISE NOTICE or WARNING: each text once, with the schemas in which it was said. */
export class Sayings {
  readonly #schemas = new Map<string, Set<string>>();
  #more = 0;

  note(schema: string, text: string): void {
    const known = this.#schemas.get(text);
    if (known) known.add(schema);
    else if (this.#schemas.size < MANY) this.#schemas.set(text, new Set([schema]));
    else this.#more += 1;
  }

  /** For the log; empty where nothing was said. */
  toString(): string {
    if (this.#schemas.size === 0) return "";
    const told = [...this.#schemas].map(([text, schemas]) => `${schemaNames([...schemas])}: ${shortened(text)}`);
    const more = this.#more > 0 ? [`… and ${this.#more} more`] : [];
    return `Said by the scripts:\n${indent([...told, ...more].join("\n"))}`;
  }
}

function shortened(text: string): string {
  const few = excerpt(text);
  return few.length > LONG ? `${few.slice(0, LONG)}…` : few;
}
