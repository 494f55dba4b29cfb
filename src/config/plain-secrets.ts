import { isMap, isScalar, parseDocument } from "yaml";
import { refuseIfAny } from "../problem.ts";
import { SECRETS } from "./keys.ts";

/**
 * Refuses a password that stands in the stack's file as plain text, from where it goes into the repository.
 *
 * @param values as Pulumi hands them over, decrypted
 * @param secrets the keys that Pulumi keeps encrypted, an object as soon as one of its values is; only the file tells them apart
 * @param file text of Pulumi.STACK.yaml; empty where the config is kept elsewhere
 */
export function refusePlainSecrets(
  values: Readonly<Record<string, unknown>>,
  secrets: readonly string[],
  file = "",
  project = "",
): void {
  const top = [...SECRETS].filter((key) => isFilled(values[key]) && !secrets.includes(key));
  const inFile = ["rolePasswords", "fleets"].flatMap((key) =>
    top.includes(key) || !isFilled(values[key])
      ? []
      : plainPaths(parseDocument(file).getIn(["config", `${project}:${key}`]), [key]),
  );
  refuseIfAny(
    [...top.map((key) => (key === "rolePasswords" ? [key, "ROLE"] : [key])), ...inFile].map((path) => ({
      code: "config",
      key: path.filter((part) => part !== "ROLE").join("."),
      got: "a value in plain text",
      wants: "an encrypted one",
      fix: {
        say: "Set it again",
        commands: [{ run: "set --secret", path }],
        besides: "The old value is in the file's history: change it on the server.",
      },
    })),
  );
}

function isFilled(value: unknown): boolean {
  return !["", "{}"].includes(String(value ?? ""));
}

/** Where texts stand in an object below a key that is to be secret; Pulumi writes an encrypted one as `{secure: …}`. */
function plainPaths(node: unknown, path: readonly string[]): readonly (readonly string[])[] {
  if (isScalar(node)) return path.some((part) => SECRETS.has(part)) && isFilled(node.value) ? [path] : [];
  if (!isMap(node) || node.has("secure")) return [];
  return node.items.flatMap(({ key, value }) => plainPaths(value, [...path, String(key)]));
}
