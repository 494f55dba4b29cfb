import { isPair, isScalar, parseDocument, visit } from "yaml";
import type { Problem } from "../problem.ts";

/** What YAML makes another number of, or takes a sign from. */
const MISREAD = /^[+-]?0\d+$|^\d+e\d+$|^\+\d+$/i;

/** The beginning of one, anywhere in a file. */
const SUSPICIOUS = /\b(0|\d+e)\d|\+\d/i;

/**
 * Numbers that a person wrote into a stack's file by hand and YAML changes: `target: 0010` is octal, so that Pulumi hands
 * over 8, which names another revision. Only the file still shows what was written.
 *
 * @param file text of Pulumi.STACK.yaml
 * @param project whose keys count; those of other packages are theirs
 */
export function unquotedNumbers(file: string, project: string): readonly Problem[] {
  const problems: Problem[] = [];
  // To parse the names of a thousand tenants takes longer than all else that is done with them.
  if (!SUSPICIOUS.test(file)) return problems;
  visit(parseDocument(file), {
    Pair: (_, pair, above) => {
      const { key, value } = pair;
      if (![...above, pair].some((node) => isPair(node) && startsWith(node.key, `${project}:`))) return;
      if (!isScalar(key) || !isScalar(value) || value.type !== "PLAIN") return;
      const written = value.source ?? "";
      if (!MISREAD.test(written)) return;
      const name = String(key.value).replace(/^[^:]*:/, "");
      problems.push({
        code: "config",
        key: name,
        got: `${written} without quotes, which YAML reads as another number`,
        wants: `"${written}"`,
        fix: {
          say: `Write it in quotes, ${name}: "${written}", or set it`,
          commands: [{ run: "set", path: [name], value: `${written} --type string` }],
        },
      });
    },
  });
  return problems;
}

function startsWith(key: unknown, text: string): boolean {
  return isScalar(key) && String(key.value).startsWith(text);
}
