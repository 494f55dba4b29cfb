import { existsSync } from "node:fs";
import type { Layout } from "./layout.ts";

/** Whether the CLI is there. It takes its place in one rename, so it is there as a whole or not at all. */
export function cliInPlace(layout: Layout): boolean {
  return existsSync(layout.cli);
}

/** Whether the plugin behind @pulumi/postgresql, or our stand-in for it, is there as a whole. */
export function postgresqlInPlace(layout: Layout): boolean {
  return existsSync(layout.postgresql) && !existsSync(partial(layout));
}

/** The file that the CLI keeps beside a plugin's folder while it unpacks into it. */
export function partial(layout: Layout): string {
  return `${layout.postgresqlFolder}.partial`;
}
