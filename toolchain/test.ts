/** `npm test`: types, lint and format, then every test, against a real server and the real CLI. */
import { execa } from "execa";
import { toolsOrExit } from "./install.ts";

await toolsOrExit();
const files = process.argv.slice(2);
const checks = files.length > 0 ? [] : [["tsc"], ["biome", "check"]];
for (const [command = "", ...args] of [...checks, ["vitest", "run", ...files]]) {
  console.log(`$ ${[command, ...args].join(" ")}`);
  const { exitCode = 1 } = await execa(command, args, { stdio: "inherit", reject: false });
  if (exitCode !== 0) process.exit(exitCode);
}
