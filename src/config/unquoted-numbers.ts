import { isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { ConfigPath, Problem } from "../problem.ts";
import { SECRETS } from "./keys.ts";

/** What YAML makes another number of, or takes a sign from. */
const MISREAD = /^[+-]?0\d+$|^\d+e\d+$|^\+\d+$/i;

/** The beginning of one, anywhere in a file. */
const SUSPICIOUS = /\b(0|\d+e)\d|\+\d/i;

/**
 * Numbers that a person wrote into a stack's file by hand and YAML changes: `target: 0010` is octal, so that Pulumi hands
 * over 8, which names another revision. Only the file still shows what was written.
 *
 * @param file text of Pulumi.STACK.yaml
 * @param project whose keys count, and those without a project, which are its own as well; those of other packages are theirs
 */
export function unquotedNumbers(file: string, project: string): readonly Problem[] {
  // To parse the names of a thousand tenants takes longer than all else that is done with them.
  if (!SUSPICIOUS.test(file)) return [];
  const config = parseDocument(file).get("config");
  if (!isMap(config)) return [];
  return config.items.flatMap(({ key, value }) => {
    const [, owner = project, name = ""] = /^(?:([^:]*):)?(.*)$/s.exec(keyText(key)) ?? [];
    // A password is never told, and is refused as plain text.
    return owner !== project || SECRETS.has(name) ? [] : misreadIn(value, [name]);
  });
}

function misreadIn(node: unknown, path: ConfigPath): readonly Problem[] {
  if (isSeq(node)) return node.items.flatMap((item, index) => misreadIn(item, [...path, index]));
  if (isMap(node)) {
    const told = node.items.filter(({ key }) => !SECRETS.has(keyText(key)));
    return told.flatMap(({ key, value }) => misreadIn(value, [...path, keyText(key)]));
  }
  const written = isScalar(node) && node.type === "PLAIN" ? (node.source ?? "") : "";
  return MISREAD.test(written) ? [misread(written, path)] : [];
}

function misread(written: string, path: ConfigPath): Problem {
  const key = path.at(-1);
  const line = `${typeof key === "string" ? `${key}: ` : ""}"${written}"`;
  // The CLI quotes by itself what no path leads to.
  const value = path.length > 1 ? `${written} --type string` : written;
  return {
    code: "config",
    key: path.join("."),
    got: `${written} without quotes, which YAML reads as ${asRead(written)}`,
    wants: `"${written}"`,
    fix: { say: `Write it in quotes, ${line}, or set it`, commands: [{ run: "set", path, value }] },
  };
}

function asRead(written: string): string {
  const [, sign = "", octal] = /^([+-]?)0([0-7]+)$/.exec(written) ?? [];
  return octal === undefined
    ? `${Number(written)}`
    : `the octal number ${sign.replace("+", "")}${BigInt(`0o${octal}`)}`;
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : "";
}

/** A number for a target, which is text: `pulumi config set --path pins.dev +1` stores 1, which is a revision. */
export function bareNumber(number: number, path: ConfigPath): Problem {
  const octal = number.toString(8);
  const forms = [`+${number}`, ...(octal === `${number}` ? [] : [`0${octal}`.padStart(4, "0")])];
  return {
    code: "config",
    key: path.join("."),
    got: `${number} without quotes, which YAML may have made of ${forms.join(" or ")}`,
    wants: "what is meant, in quotes",
    fix: { say: "Set it", commands: [{ run: "set", path, value: `${number} --type string` }] },
  };
}
