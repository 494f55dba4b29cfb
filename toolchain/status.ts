/** `npm run status`: where the stacks' schemas stand, with the project's own CLI and the state that it keeps. */
import { backendEnvironment } from "./install/backend.ts";
import { layoutIn } from "./install/layout.ts";
import { toolsOrExit } from "./install.ts";

const tools = await toolsOrExit();
Object.assign(process.env, tools.env, backendEnvironment(layoutIn()));
await import("../src/status/main.ts");
