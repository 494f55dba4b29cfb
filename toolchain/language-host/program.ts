import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { RunRequest } from "@pulumi/pulumi/proto/language_pb.js";

/** What became of a program; `bail` means that the program has told the user what was wrong itself. */
export interface Outcome {
  readonly error: string;
  readonly bail: boolean;
}

/** The user's Pulumi programs that this language host runs. */
export interface Programs {
  /** Runs one program to its end, its output going where this process's goes. Never rejects for the program's fault. */
  run(request: RunRequest): Promise<Outcome>;
  /** Ends the programs that still run. */
  stop(): void;
}

// The exit code of @pulumi/pulumi/cmd/run for "failed, and already reported to the user".
const alreadyReported = 32;

export function startPrograms(engineAddress: string): Programs {
  const running = new Set<ChildProcess>();
  return {
    async run(request) {
      const child = started(request, engineAddress);
      running.add(child);
      try {
        const [code, signal] = await once(child, "exit");
        if (code === 0) return { error: "", bail: false };
        if (code === alreadyReported) return { error: "", bail: true };
        return {
          error: `the program ended with ${code === null ? `signal ${signal}` : `exit code ${code}`}`,
          bail: false,
        };
      } finally {
        running.delete(child);
      }
    },
    stop() {
      for (const child of running) child.kill("SIGTERM");
    },
  };
}

const TOO_LARGE =
  "the stack's config is too large to be handed to the program: Pulumi puts it into one environment variable, of which Linux takes 128 KiB. " +
  "Name many schemas by a pattern or a query instead of one by one.";

function started(request: RunRequest, engineAddress: string): ChildProcess {
  try {
    return spawn(process.execPath, programArguments(request, engineAddress), {
      cwd: programDirectory(request),
      env: { ...process.env, ...programEnvironment(request) },
      stdio: ["ignore", "inherit", "inherit"],
    });
  } catch (error) {
    throw error instanceof Error && "code" in error && error.code === "E2BIG" ? new Error(TOO_LARGE) : error;
  }
}

function programDirectory(request: RunRequest): string {
  return request.getInfo()?.getProgramDirectory() ?? request.getPwd();
}

function programArguments(request: RunRequest, engineAddress: string): readonly string[] {
  const info = request.getInfo();
  const directory = programDirectory(request);
  const flags: Readonly<Record<string, string>> = {
    monitor: request.getMonitorAddress(),
    engine: engineAddress,
    project: request.getProject(),
    stack: request.getStack(),
    organization: request.getOrganization(),
    "root-directory": info?.getRootDirectory() ?? "",
    pwd: request.getPwd(),
    parallel: String(request.getParallel()),
  };
  return [
    createRequire(join(directory, "program.js")).resolve("@pulumi/pulumi/cmd/run"),
    ...Object.entries(flags)
      .filter(([, value]) => value !== "")
      .map(([name, value]) => `--${name}=${value}`),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    info?.getEntryPoint() ?? request.getProgram(),
    ...request.getArgsList(),
  ];
}

function programEnvironment(request: RunRequest): Readonly<Record<string, string>> {
  return {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().getEntryList())),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    ...typeScriptEnvironment(request),
  };
}

/** Pulumi.yaml's `runtime.options`: of the vendor's host's, only `typescript` (default true: load through ts-node). */
function typeScriptEnvironment(request: RunRequest): Readonly<Record<string, string>> {
  const { typescript = true, ...others } = request.getInfo()?.getOptions()?.toJavaScript() ?? {};
  const unknown = Object.keys(others);
  if (unknown.length > 0) {
    throw new Error(
      `Pulumi.yaml: this stand-in for the Node.js language host knows no runtime option ${unknown.map((name) => `"${name}"`).join(", ")}, ` +
        'only "typescript". Remove it, or install the vendor\'s Pulumi CLI.',
    );
  }
  return typescript === false ? {} : { PULUMI_NODEJS_TYPESCRIPT: "true" };
}
