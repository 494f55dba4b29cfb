import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, chmodSync, chownSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../src/postgres/connection.ts";

/** Where Debian's package puts it is on root's PATH only. */
export const pgBouncer: string | undefined = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"]
  .map((folder) => join(folder, "pgbouncer"))
  .find(isExecutable);

/** Runs the callback with a PgBouncer in front of the server, and ends it behind it. */
export async function withPgBouncer<T>(
  server: Connection,
  mode: "transaction" | "statement" | "session",
  callback: (connection: Connection) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "pgbouncer-"));
  const port = await freePort();
  const files = {
    "users.txt": `"${server.user}" "${server.password}"\n`,
    "pgbouncer.ini": [
      "[databases]",
      `* = host=${server.host} port=${server.port}`,
      "[pgbouncer]",
      "listen_addr = 127.0.0.1",
      `listen_port = ${port}`,
      "unix_socket_dir =",
      "auth_type = scram-sha-256",
      `auth_file = ${join(folder, "users.txt")}`,
      `pool_mode = ${mode}`,
      "",
    ].join("\n"),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  // It refuses to run as root.
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;
  if (nobody) {
    for (const name of [".", ...Object.keys(files)]) chownSync(join(folder, name), nobody.uid, nobody.gid);
    chmodSync(folder, 0o700);
  }
  const child = spawn(pgBouncer ?? "pgbouncer", [join(folder, "pgbouncer.ini")], {
    ...nobody,
    cwd: "/",
    stdio: "ignore",
  });
  const ended = once(child, "exit");
  try {
    await listening(port);
    return await callback({ ...server, host: "127.0.0.1", port });
  } finally {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true });
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function listening(port: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(20);
    } finally {
      socket.destroy();
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
