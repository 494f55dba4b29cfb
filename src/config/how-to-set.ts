import type { ConfigFix, ConfigPath } from "../problem.ts";
import { SECRETS } from "./keys.ts";

/** Where something goes in keys that are lists or objects, and what. */
const INNER: Readonly<Record<string, Inner>> = {
  schemas: { path: ["schemas", 0], value: "SCHEMA" },
  exclude: { path: ["exclude", 0], value: "SCHEMA" },
  searchPath: { path: ["searchPath", 0], value: "SCHEMA" },
  acceptEdited: { path: ["acceptEdited", 0], value: "REVISION --type string" },
  waves: { path: ["waves", 0, 0], value: "SCHEMA" },
  pins: { path: ["pins", "SCHEMA"], value: "TARGET --type string" },
  rolePasswords: { path: ["rolePasswords", "ROLE"] },
};

interface Inner {
  readonly path: ConfigPath;
  readonly value?: string;
}

/**
 * How a value is set that is missing, or not what its key wants.
 *
 * @param path of the value
 * @param got the value itself; undefined where there is none
 */
export function howToSet(path: ConfigPath, got?: unknown): ConfigFix {
  const key = `${path[0]}`;
  const run = SECRETS.has(key) ? "set --secret" : "set";
  const inner = INNER[key];
  if (inner === undefined) return { say: "Set it", commands: [{ run, path: [key], value: "VALUE" }] };
  if (path.length === inner.path.length) {
    // A bare number would stay one.
    const named = typeof got === "number" && !SECRETS.has(key) ? { value: `${got} --type string` } : {};
    return { say: "Set it", commands: [{ run, ...inner, ...named, path }] };
  }
  const anew = { run, ...inner } as const;
  if (got === undefined) return { say: "Set it", commands: [anew] };
  // Below a fleet the CLI puts nothing into what is no list or object.
  return { say: "Set it anew", commands: [{ run: "rm", path: [key] }, anew] };
}

/** How the value of a key moves into a fleet. */
export function howToMove(key: string): ConfigFix {
  const { commands } = belowFleet(howToSet([key]), "FLEET");
  return { say: "Move it", commands: [...commands, { run: "rm", path: [key] }] };
}

/** The same with the keys of one fleet. */
export function belowFleet(fix: ConfigFix, fleet: string): ConfigFix {
  return { ...fix, commands: fix.commands.map((each) => ({ ...each, path: ["fleets", fleet, ...each.path] })) };
}
