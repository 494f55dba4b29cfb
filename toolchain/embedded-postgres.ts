import { type ChildProcessByStdio, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chown, mkdir, readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { nativeName, platformPackage, provideNative, serverUser, workFolder } from "./embedded-postgres/binaries.ts";
import { postmasterFile, removeLeftovers, removeRun, stateOf } from "./embedded-postgres/run-folder.ts";

/** A real PostgreSQL server of this run alone. Its data are deleted when it is stopped. */
export interface EmbeddedServer {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly user: "postgres";
  readonly password: string;
  readonly database: "postgres";
  readonly dataDir: string;
  /** The main server process. Changes with `restart`. */
  readonly postmasterPid: number;
  /** libpq's variables: all that `pg`, `psql` or a child process needs to connect. */
  readonly env: Readonly<Record<string, string>>;
  /** Kills the server with SIGKILL (a crash) if it still runs, then starts it on the same data and port. */
  readonly restart: () => Promise<void>;
}

/** A server whose owner ends it. `stop` resolves when it is stopped and its data are gone; calling it twice is fine. */
export interface StartedServer extends EmbeddedServer {
  readonly stop: () => Promise<void>;
}

export interface EmbeddedOptions {
  /** Server settings (`-c name=value`) on top of the defaults. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Runs the callback with a server and stops it afterwards, also when the callback throws or this process dies. */
export async function withEmbeddedPostgres<T>(
  callback: (server: EmbeddedServer) => Promise<T>,
  options: EmbeddedOptions = {},
): Promise<T> {
  const server = await startEmbeddedPostgres(options);
  try {
    return await callback(server);
  } finally {
    await server.stop();
  }
}

/**
 * Starts a server on a fresh data directory and a free port of 127.0.0.1, or fails with the end of the server's log.
 * However this process ends, SIGKILL included, the server ends too. Until `stop`, it does not end by itself.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions = {}): Promise<StartedServer> {
  const root = await workFolder();
  await removeLeftovers(root);
  const packageFolder = platformPackage();
  const native = join(root, await nativeName(packageFolder));
  const token = randomBytes(8).toString("hex");
  const password = randomBytes(16).toString("hex");
  const settings = Object.entries({ ...defaultSettings, ...options.settings }).flatMap(([k, v]) => ["-c", `${k}=${v}`]);
  const watchdog = spawn("/bin/sh", ["-c", watchdogScript, "sh", join(root, token), join(native, "bin"), ...settings], {
    ...serverUser,
    cwd: "/", // the server's user may not be allowed into ours
    detached: true, // a group of its own: Ctrl-C in the terminal is for us, and we then stop the server
    env: { PATH: process.env.PATH ?? "", LC_ALL: "C", TZ: "UTC" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const exited = once(watchdog, "exit");
  await once(watchdog, "spawn");
  const run = join(root, `${token}.${watchdog.pid}`);
  const stop = async () => {
    watchdog.stdin.end();
    await exited;
    await removeRun(run);
  };
  try {
    await mkdir(run, { mode: 0o700 });
    if (serverUser) await chown(run, serverUser.uid, serverUser.gid);
    await provideNative(packageFolder, native, run);
    const start = postmasterStarter(watchdog, run, token);
    watchdog.stdin.write(`${password}\n`);
    let postmaster = await start(freePort);
    const { port } = postmaster;
    const address = { host: "127.0.0.1", port, user: "postgres", password, database: "postgres" } as const;
    return {
      ...address,
      dataDir: join(run, "data"),
      get postmasterPid() {
        return postmaster.pid;
      },
      env: {
        PGHOST: address.host,
        PGPORT: String(port),
        PGUSER: address.user,
        PGPASSWORD: password,
        PGDATABASE: address.database,
        PGSSLMODE: "disable",
      },
      restart: async () => {
        postmaster = await start(async () => port);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const startMilliseconds = 60_000;

// Without fsync a crash of the operating system loses data, but a crash of the server (kill -9) does not: what it wrote
// is in the system's cache. So synchronous_commit stays on, which makes it write at every commit.
const defaultSettings: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "200",
  fsync: "off",
  full_page_writes: "off",
};

// The server's parent. Its standard input is a pipe that only we hold, so it learns of our end whatever the cause,
// which no signal handler of ours could promise. It reads the password, then a port per (re)start, and answers each with
// the server's process id. The shutdown (QUIT) is an immediate one: no client delays it, and the data are deleted anyway.
// TERM is for a server that has hardly started: the shell lets its children ignore QUIT until they handle it. And an
// answer that nobody is left to read must not end the shell, hence the trap.
const watchdogScript = `
run=$1.$$ bin=$2; shift 2
trap : PIPE
read -r password || exit 1
printf '%s\\n' "$password" | "$bin/initdb" -D "$run/data" --username=postgres --pwfile=/dev/stdin \\
  --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync --no-instructions >>"$run/log" 2>&1 || exit 1
pid=
while read -r port; do
  if [ "$pid" ]; then kill -KILL "$pid"; wait "$pid"; fi
  "$bin/postgres" -D "$run/data" -p "$port" "$@" </dev/null >>"$run/log" 2>&1 &
  pid=$!
  echo "$pid"
done
if [ "$pid" ]; then kill -TERM "$pid"; kill -QUIT "$pid"; wait "$pid"; fi
rm -rf "$run"`;

type Watchdog = ChildProcessByStdio<Writable, Readable, null>;
type Postmaster = { readonly port: number; readonly pid: number };

function postmasterStarter(watchdog: Watchdog, run: string, token: string) {
  watchdog.stdin.on("error", () => {}); // a watchdog that is gone shows as the end of its answers
  const answers = createInterface(watchdog.stdout)[Symbol.asyncIterator]();
  const log = () => readFile(join(run, "log"), "utf8").catch(() => "");
  return async (choosePort: () => Promise<number>): Promise<Postmaster> => {
    const deadline = performance.now() + startMilliseconds;
    for (;;) {
      const before = (await log()).length;
      const port = await choosePort();
      watchdog.stdin.write(`${port}\n`);
      const answer = await answers.next();
      const pid = Number(answer.value);
      if (!answer.done && (await becomesReady(join(run, "data"), pid, token, deadline))) return { port, pid };
      const end = (await log()).slice(before).trim();
      // Somebody took the port in between, or the crashed server's last processes are not gone yet.
      if (/address already in use|is still in use/i.test(end) && performance.now() < deadline) await sleep(50);
      else throw new Error(`PostgreSQL did not start. The end of its log:\n${end.split("\n").slice(-20).join("\n")}`);
    }
  };
}

async function becomesReady(dataDir: string, pid: number, token: string, deadline: number): Promise<boolean> {
  while (stateOf(pid, token) !== "gone" && performance.now() < deadline) {
    const lines = await postmasterFile(dataDir);
    if (lines[0] === String(pid) && lines[7]?.trim() === "ready") return true;
    await sleep(10);
  }
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
