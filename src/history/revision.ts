import { createHash } from "node:crypto";
import type { Migration } from "./migration.ts";

/** A script as it runs: UTF-8 text without BOM, lines ended by LF whatever the checkout made of them. */
export interface Script {
  /** Path relative to the project, as a person would open it. */
  readonly file: string;
  /** SQL; of a migration in TypeScript, its source. */
  readonly sql: string;
  /** What to run instead of the text, where it is TypeScript. */
  readonly code?: Migration | undefined;
}

/** One migration. */
export interface Revision {
  /** File name's stem (of the up script), `0006_add_cpf_and_address`; or the folder's name in diesel's layout. */
  readonly id: string;
  /** Orders the history: the leading digits, dashes dropped (`2017-09-23-182408` is 20170923182408). */
  readonly number: bigint;
  /** What follows the number: `add_cpf_and_address`. */
  readonly name: string;
  /** Of the up script: SHA-256, the first 128 bits in hex. It guards against accidents, not against attackers. */
  readonly checksum: string;
  /** Absent where a number has only a down script: it can be gone back from, where it is applied, and nothing else. */
  readonly up?: Script;
  /** Absent where the way down was never written. */
  readonly down?: Script;
  /** False where diesel's metadata.toml says `run_in_transaction = false`, or a module `transaction = false`. */
  readonly transaction: boolean;
}

/** All revisions of a folder, in order of their numbers. */
export type History = readonly Revision[];

/** The words for "before the first revision", in targets, outputs and reports. */
export const BASE = "base";

/** Script text without what differs between checkouts of the same commit: BOM and line ends. */
export function normalise(text: string): string {
  return text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
}

/** The checksum of an up script's normalised text. */
export function checksum(sql: string): string {
  return createHash("sha256").update(sql, "utf8").digest("hex").slice(0, 32);
}

/** A revision's number and name from its stem, or undefined where it does not begin with a number. */
export function parseStem(stem: string): { readonly number: bigint; readonly name: string } | undefined {
  const match = /^(\d+(?:-\d+)*)(?:[_ ](.*))?$/s.exec(stem);
  if (!match?.[1]) return undefined;
  return { number: BigInt(match[1].replaceAll("-", "")), name: match[2] ?? "" };
}

/** A stem that begins with a number and has no `_` behind it, with one; undefined where there is no number. */
export function withSeparator(stem: string): string | undefined {
  const [, number, name] = /^(\d+(?:-\d+)*)[^\p{L}\d_]*(.*)$/su.exec(stem) ?? [];
  return number === undefined ? undefined : `${number}_${name}`;
}

/**
 * Of two ids whose numbers have dashes, true where the groups between them say another order than the digits do: `2024-03-01` comes behind `2024-01-15-120000`,
 * and has the smaller number.
 */
export function isOutOfGroups(earlier: string, later: string): boolean {
  const [left, right] = [groupsOf(earlier), groupsOf(later)];
  const differs = left.findIndex((group, index) => group !== right[index]);
  return differs >= 0 && (left[differs] ?? 0n) > (right[differs] ?? -1n);
}

function groupsOf(id: string): readonly bigint[] {
  return (/^[\d-]*\d/.exec(id)?.[0] ?? "").split("-").map(BigInt);
}

/** Orders revision ids by number; ids without one (never written by us) go first. */
export function compareIds(a: string, b: string): number {
  const [left, right] = [parseStem(a)?.number ?? -1n, parseStem(b)?.number ?? -1n];
  return left < right ? -1 : left > right ? 1 : 0;
}
