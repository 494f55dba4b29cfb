import * as pulumi from "@pulumi/pulumi";
import { parseConfig, type StackConfig } from "../config.ts";
import { errorText } from "../problem-text.ts";

/**
 * The running stack's config.
 *
 * @throws pulumi.RunError with all problems, which the engine shows without a stack trace
 */
export function stackConfig(): StackConfig {
  const prefix = `${pulumi.getProject()}:`;
  const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
  const values = Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
  try {
    return parseConfig(values, process.env);
  } catch (error) {
    throw new pulumi.RunError(errorText(error));
  }
}
