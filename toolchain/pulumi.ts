/** `npm run pulumi -- …`: the project's own Pulumi CLI, with the user's arguments. */
import { join } from "node:path";
import { backendEnvironment } from "./install/backend.ts";
import { layoutIn } from "./install/layout.ts";
import { installTools } from "./install.ts";

try {
  const tools = await installTools();
  if (process.execve === undefined)
    throw new Error(`This project runs on Linux and macOS, not on ${process.platform}.`);
  // The CLI takes this process's place, so that it gets each signal once: a second SIGINT means "stop at once" to it.
  process.execve(tools.pulumi, [tools.pulumi, ...process.argv.slice(2)], {
    ...process.env,
    ...tools.env,
    ...backendEnvironment(layoutIn()),
    // A run starts eight processes of Node; what one has compiled, the others need not.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(layoutIn().tools, "compile-cache"),
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
