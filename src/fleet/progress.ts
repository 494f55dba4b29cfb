import type { SchemaResult } from "./run-schema.ts";

/** How far a run is, as a person waiting for it wants to know. */
export class Progress {
  readonly #total: number;
  readonly #waves: number;
  readonly #started = performance.now();
  readonly #failed: string[] = [];
  #wave = 0;
  #done = 0;

  constructor(total: number, waves: number) {
    this.#total = total;
    this.#waves = waves;
  }

  beginWave(index: number): void {
    this.#wave = index;
  }

  note({ schema, problems }: SchemaResult): void {
    this.#done += 1;
    if (problems.length > 0) this.#failed.push(schema);
  }

  /** `12 of 997 schemas, 41/s, 24 s left, failed: tenant_7 - `; nothing for a single schema. */
  toString(): string {
    if (this.#total === 1) return "";
    const wave = this.#waves > 1 ? `wave ${this.#wave + 1} of ${this.#waves}, ` : "";
    return `${wave}${this.#done} of ${this.#total} schemas${this.#pace()}${this.#failures()} - `;
  }

  #pace(): string {
    const seconds = (performance.now() - this.#started) / 1_000;
    // The first few say nothing about the rest.
    if (seconds < 2 || this.#done < 5) return "";
    const rate = this.#done / seconds;
    return `, ${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s, ${Math.ceil((this.#total - this.#done) / rate)} s left`;
  }

  #failures(): string {
    const { length } = this.#failed;
    if (length === 0) return "";
    return `, failed: ${this.#failed.slice(0, 3).join(", ")}${length > 3 ? ` and ${length - 3} more` : ""}`;
  }
}
