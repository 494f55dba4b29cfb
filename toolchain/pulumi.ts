/** `npm run pulumi -- …`: the project's own Pulumi CLI, with the user's arguments. */
import { backendEnvironment } from "./install/backend.ts";
import { layoutIn } from "./install/layout.ts";
import { installTools } from "./install.ts";

const tools = await installTools();
const env = { ...process.env, ...tools.env, ...backendEnvironment(layoutIn()) };

// The CLI takes this process's place, so that it gets each signal once and itself: a second SIGINT means "stop at once" to it.
process.execve?.(tools.pulumi, [tools.pulumi, ...process.argv.slice(2)], env);
