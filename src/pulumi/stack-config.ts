import { existsSync, readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { type Fleet, findFleets } from "../config/find-fleets.ts";
import { idleEntries } from "../config/idle-entries.ts";
import { refusePlainSecrets } from "../config/plain-secrets.ts";
import { unquotedNumbers } from "../config/unquoted-numbers.ts";
import { refuseIfAny } from "../problem.ts";
import { errorText, problemTexts } from "../problem-text.ts";

/**
 * The running stack's fleets. A pattern or a query is asked each time the program runs, so that a preview tells new tenants.
 *
 * @throws pulumi.RunError with all problems, which the engine shows without a stack trace
 */
export async function stackFleets(): Promise<readonly Fleet[]> {
  const prefix = `${pulumi.getProject()}:`;
  const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
  const values = Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
  const secrets = secretKeys().map((key) => key.slice(prefix.length));
  try {
    refuseIfAny(unquotedNumbers(stackFile(), pulumi.getProject()));
    refusePlainSecrets(values, secrets, stackFile(), pulumi.getProject());
    const fleets = await findFleets(values, process.env);
    const idle = problemTexts(idleEntries(fleets));
    if (idle.length > 0) await pulumi.log.warn(idle.join("\n"));
    return fleets;
  } catch (error) {
    throw new pulumi.RunError(errorText(error));
  }
}

/** The stack's own file; empty where its config is kept elsewhere. */
function stackFile(): string {
  const file = `Pulumi.${pulumi.getStack()}.yaml`;
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

/** The keys that the stack's file holds encrypted; the language host hands them over beside the values. */
function secretKeys(): readonly string[] {
  return JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]");
}
