// node toolchain/run.mjs <script.ts> [arguments…]
//
// The one entry point that has to work right after `git clone`, with whatever Node >= 20 the machine has: it makes sure
// that node_modules is what package-lock.json says, then runs the script with Node 24. Plain JavaScript without a
// dependency, since there may be no node_modules yet.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { constants } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const nodeModules = join(project, "node_modules");
const stamp = join(nodeModules, ".installed-lock");
const windows = process.platform === "win32";

const lockHash = () =>
  createHash("sha256")
    .update(readFileSync(join(project, "package-lock.json")))
    .digest("hex");

const installed = (hash) => existsSync(stamp) && readFileSync(stamp, "utf8") === hash;

/**
 * Installs into a folder beside and renames it into place, the stamp already inside: an interrupted install never counts,
 * and of two runs at once the later finds the earlier one's result and throws its own away.
 */
function installPackages(hash) {
  console.error("Installing the npm packages (about half a minute, once) ...");
  const tools = join(project, ".tools"); // git-ignored, and surely on the same file system
  mkdirSync(tools, { recursive: true });
  process.on("SIGINT", () => {}); // npm ends at Ctrl-C by itself, and then the workshop is still to be removed
  const workshop = mkdtempSync(join(tools, "npm-"));
  try {
    for (const file of ["package.json", "package-lock.json", ".npmrc"]) {
      if (existsSync(join(project, file))) copyFileSync(join(project, file), join(workshop, file));
    }
    const npm = spawnSync("npm", ["ci", "--loglevel=error"], {
      cwd: workshop,
      stdio: ["ignore", 2, 2],
      shell: windows,
    });
    if (npm.status !== 0) {
      throw new Error(`\`npm ci\` failed in a copy of ${project}: ${npm.error?.message ?? "see its output above"}`);
    }
    writeFileSync(join(workshop, "node_modules", basename(stamp)), hash);
    putInPlace(workshop, hash);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

function putInPlace(workshop, hash) {
  for (let attempt = 1; !installed(hash); attempt++) {
    try {
      if (existsSync(nodeModules)) renameSync(nodeModules, join(workshop, `replaced-${attempt}`));
      renameSync(join(workshop, "node_modules"), nodeModules);
    } catch (error) {
      // Another run was between the same two renames: look again at what it left.
      if (attempt === 5) throw error;
    }
  }
}

/** The `node` of the npm package where this platform has one, else the running one if it is new enough. */
function node24() {
  const packaged = join(nodeModules, ".bin", windows ? "node.cmd" : "node");
  if (!windows && existsSync(packaged)) return packaged;
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath;
  throw new Error(
    `This project runs on Node 24. For ${process.platform}-${process.arch} it cannot bring its own, and this is Node ` +
      `${process.versions.node}: install Node 24 or later, then run the same command again.`,
  );
}

function run(script, args) {
  const child = spawn(node24(), [script, ...args], {
    stdio: "inherit",
    env: {
      ...process.env,
      PATH: [join(nodeModules, ".bin"), process.env.PATH ?? ""].join(delimiter),
      // Node 24.0 to 24.11 warn on each start that they run TypeScript.
      NODE_OPTIONS: [process.env.NODE_OPTIONS, "--disable-warning=ExperimentalWarning"].filter(Boolean).join(" "),
      // Downloads take the machine's proxy settings, as npm does.
      NODE_USE_ENV_PROXY: process.env.NODE_USE_ENV_PROXY ?? "1",
    },
  });
  // Ctrl-C in a terminal reaches the child by itself, and a second SIGINT means "stop at once" to Pulumi. So it is passed on
  // only where there is no terminal, and here it must not end this process before the child has cleaned up.
  const inTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  process.on("SIGINT", () => inTerminal || child.kill("SIGINT"));
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGHUP", () => child.kill("SIGHUP"));
  child.on("error", (error) => fail(error));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

function fail(error) {
  console.error(error.message);
  process.exit(1);
}

try {
  const [script, ...args] = process.argv.slice(2);
  if (script === undefined) throw new Error("Usage: node toolchain/run.mjs <script.ts> [arguments…]");
  const hash = lockHash();
  if (!installed(hash)) installPackages(hash);
  run(script, args);
} catch (error) {
  fail(error);
}
