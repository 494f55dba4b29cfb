/** `npm run snapshot`: on an embedded server, or on that of a stack, whose config the project's own CLI knows. */
import { withEmbeddedPostgres } from "./embedded-postgres.ts";
import { backendEnvironment } from "./install/backend.ts";
import { layoutIn } from "./install/layout.ts";
import { toolsOrExit } from "./install.ts";

if (process.argv.some((argument) => argument.startsWith("--stack"))) {
  const tools = await toolsOrExit();
  Object.assign(process.env, tools.env, backendEnvironment(layoutIn()));
  await import("../src/snapshot/main.ts");
} else {
  await withEmbeddedPostgres(async ({ env }) => {
    Object.assign(process.env, env);
    await import("../src/snapshot/main.ts");
  });
}
