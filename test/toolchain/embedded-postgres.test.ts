import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { Client } from "pg";
import { describe, expect, test, vi } from "vitest";
import { stateOf } from "../../toolchain/embedded-postgres/run-folder.ts";
import { type EmbeddedServer, withEmbeddedPostgres } from "../../toolchain/embedded-postgres.ts";

vi.setConfig({ testTimeout: 30_000 });

const toolchain = join(import.meta.dirname, "..", "..", "toolchain");
const runOf = ({ dataDir }: { readonly dataDir: string }) => dirname(dataDir);

async function query(server: EmbeddedServer, sql: string): Promise<unknown> {
  const client = new Client(server);
  await client.connect();
  try {
    return (await client.query(sql)).rows[0];
  } finally {
    await client.end();
  }
}

type Facts = Pick<EmbeddedServer, "dataDir" | "postmasterPid">;

/** Another process that starts a server, then executes a last statement or waits for a signal. */
async function startOwner(statement = "") {
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(join(toolchain, "embedded-postgres.ts"))};
    const { dataDir, postmasterPid } = await startEmbeddedPostgres();
    console.log(JSON.stringify({ dataDir, postmasterPid }));
    ${statement}`;
  const owner = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "ignore"],
    detached: true, // the leader of a process group, as in a terminal
  });
  const exited = once(owner, "exit");
  const [line] = await once(createInterface(owner.stdout), "line");
  /** To the whole group, as Ctrl-C does. */
  const kill = async (signal: NodeJS.Signals) => {
    process.kill(-Number(owner.pid), signal);
    await exited;
  };
  return { exited, kill, server: JSON.parse(line) as Facts };
}

const isGone = (server: Facts) =>
  stateOf(server.postmasterPid, basename(runOf(server))) === "gone" && !existsSync(server.dataDir);

test("starts a server that answers over TCP with a password, and leaves nothing", async () => {
  const server = await withEmbeddedPostgres(async (server) => {
    expect(await query(server, "select current_setting('server_version_num')::int / 10000 as major")).toEqual({
      major: 18,
    });
    await expect(query({ ...server, password: "wrong" }, "select 1")).rejects.toThrow("password authentication failed");
    return { dataDir: server.dataDir, postmasterPid: server.postmasterPid };
  });
  expect(isGone(server)).toBe(true);
  expect(existsSync(runOf(server))).toBe(false);
});

test("stops the server when the callback throws", async () => {
  const servers: EmbeddedServer[] = [];
  const run = withEmbeddedPostgres(async (server) => {
    servers.push(server);
    throw new Error("from the callback");
  });
  await expect(run).rejects.toThrow("from the callback");
  expect(servers.map(isGone)).toEqual([true]);
});

test("keeps what was committed when the server is killed and restarted", async () => {
  await withEmbeddedPostgres(async (server) => {
    await query(server, "create table kept as select 1 as a");
    const killed = server.postmasterPid;
    process.kill(killed, "SIGKILL");
    await server.restart();
    expect(await query(server, "select a from kept")).toEqual({ a: 1 });
    expect(server.postmasterPid).not.toBe(killed);
  });
});

test("shows the end of the server's log when it does not start", async () => {
  const run = withEmbeddedPostgres(async () => {}, { settings: { shared_buffers: "nonsense" } });
  await expect(run).rejects.toThrow(/did not start.*\n.*invalid value for parameter "shared_buffers"/s);
});

test("servers at once do not disturb each other, and Ctrl-C stops one of another process", async () => {
  await withEmbeddedPostgres(async (first) => {
    const { kill, server } = await startOwner();
    await withEmbeddedPostgres(async (second) => {
      expect(second.port).not.toBe(first.port);
      expect(await query(second, "select 1 as a")).toEqual({ a: 1 });
    });
    expect(await query(first, "select 1 as a")).toEqual({ a: 1 });
    expect(isGone(server)).toBe(false);
    await kill("SIGINT");
    await expect.poll(() => isGone(server), { timeout: 5_000 }).toBe(true);
  });
});

describe.concurrent("stops the server when its owner", () => {
  test("gets SIGKILL", async ({ expect }) => {
    const { kill, server } = await startOwner();
    await kill("SIGKILL");
    await expect.poll(() => isGone(server), { timeout: 5_000 }).toBe(true);
  });

  test("fails", async ({ expect }) => {
    const { exited, server } = await startOwner("throw new Error()");
    await exited;
    await expect.poll(() => isGone(server), { timeout: 5_000 }).toBe(true);
  });
});

test("the next start removes a server whose owner and watchdog were killed", async () => {
  const { kill, server } = await startOwner();
  const [token = "", pid] = basename(runOf(server)).split(".");
  process.kill(Number(pid), "SIGKILL");
  await kill("SIGKILL");
  // A busy machine takes its time to end what was killed.
  await expect.poll(() => stateOf(Number(pid), token), { timeout: 5_000 }).toBe("gone");
  await withEmbeddedPostgres(async () => expect(isGone(server)).toBe(true));
  expect(await readdir(dirname(runOf(server)))).not.toContain(basename(runOf(server)));
});

test("`npm run postgres` prints the settings and stops at Ctrl-C", async () => {
  const command = spawn(process.execPath, [join(toolchain, "postgres.ts")], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(command, "exit");
  const settings: Record<string, string> = {};
  for await (const line of createInterface(command.stdout)) {
    const [, name, value] = /^export (PG\w+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) settings[name] = value;
    if (line.startsWith("# Ctrl-C")) break;
  }
  expect(settings).toMatchObject({
    PGHOST: "127.0.0.1",
    PGUSER: "postgres",
    PGDATABASE: "postgres",
    PGSSLMODE: "disable",
  });
  command.kill("SIGINT");
  expect(await exited).toEqual([0, null]);
});
