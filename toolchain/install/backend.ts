import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Layout } from "./layout.ts";

/**
 * Where the user has chosen no backend (PULUMI_BACKEND_URL, Pulumi.yaml, `pulumi login`), keeps the state in the project's
 * tools folder, so that a first try needs no account anywhere.
 */
export function backendEnvironment(layout: Layout): Readonly<Record<string, string>> {
  if (process.env.PULUMI_BACKEND_URL || inProjectFile(layout) || loggedIn(layout)) return {};
  const state = join(layout.tools, "state");
  mkdirSync(state, { recursive: true });
  return { PULUMI_BACKEND_URL: pathToFileURL(state).href };
}

function inProjectFile(layout: Layout): boolean {
  const file = join(layout.project, "Pulumi.yaml");
  return existsSync(file) && /^backend:/m.test(readFileSync(file, "utf8"));
}

function loggedIn(layout: Layout): boolean {
  const file = join(layout.pulumiHome, "credentials.json");
  if (!existsSync(file)) return false;
  const { current } = JSON.parse(readFileSync(file, "utf8")) as { readonly current?: string };
  return Boolean(current);
}
