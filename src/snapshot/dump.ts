import { once } from "node:events";
import type { Socket } from "node:net";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type pg from "pg";
import type { Connection } from "../postgres/connection.ts";
import { withDatabase } from "../postgres/database.ts";

/** What pg_dump's thread is started with. */
export interface DumpRequest {
  readonly port: MessagePort;
  /** 0 while the server's answer is awaited, 1 when it is there. */
  readonly turn: Int32Array;
  /** What a server says to a client that has signed in. */
  readonly greeting: Uint8Array;
  readonly args: readonly string[];
}

/**
 * One schema's structure as pg_dump writes it, every name of the schema qualified. It is pg_dump 18 itself, compiled to
 * WebAssembly, so that it is the same on every machine. It has no network of its own: what it says to its server goes through
 * the socket of a session that has signed in already, and serves for nothing else.
 *
 * @throws Error pg_dump's own words, where the server is newer than it, say
 */
export function dumpSchema(connection: Connection, schema: string, exceptTables: readonly string[]): Promise<string> {
  const except = exceptTables.map((table) => `--exclude-table=${schema}.${table}`);
  const args = ["--schema-only", "--no-owner", `--schema=${schema}`, ...except];
  return withDatabase(connection, 1, (database) => database.withClient((client) => dump(client, args)));
}

async function dump(client: pg.ClientBase, args: readonly string[]): Promise<string> {
  const { rows } = await client.query<{ server_version: string }>("SHOW server_version");
  const { port1: port, port2 } = new MessageChannel();
  const turn = new Int32Array(new SharedArrayBuffer(4));
  const workerData: DumpRequest = {
    port: port2,
    turn,
    greeting: greeting(rows[0]?.server_version ?? ""),
    args,
  };
  const worker = new Worker(new URL("./dump-worker.ts", import.meta.url), { workerData, transferList: [port2] });
  const { stream } = (client as pg.ClientBase & { readonly connection: { readonly stream: Socket } }).connection;
  const listeners = stream.listeners("data") as ((bytes: Buffer) => void)[];
  const hand = (answer: Uint8Array | undefined) => {
    if (answer) port.postMessage(answer);
    Atomics.store(turn, 0, 1);
    Atomics.notify(turn, 0);
  };
  const collect = untilReady(hand);
  for (const listener of listeners) stream.off("data", listener);
  stream.on("data", collect);
  // Its farewell would end the session, and has no answer.
  port.on("message", (bytes: Uint8Array) => (bytes[0] === TERMINATE ? hand(undefined) : stream.write(bytes)));
  try {
    const [text] = await once(worker, "message");
    return text;
  } finally {
    port.close();
    stream.off("data", collect);
    for (const listener of listeners) stream.on("data", listener);
  }
}

/** Kinds of messages (manual 54.7). */
const TERMINATE = "X".charCodeAt(0);
const READY_FOR_QUERY = "Z".charCodeAt(0);

/** Collects what the server sends and hands it on whole, up to its "ready for query". */
function untilReady(hand: (answer: Uint8Array) => void): (bytes: Buffer) => void {
  let pending = Buffer.alloc(0);
  let next = 0;
  return (bytes) => {
    pending = Buffer.concat([pending, bytes]);
    let kind: number | undefined;
    while (pending.length >= next + 5 && pending.length >= next + 1 + pending.readInt32BE(next + 1)) {
      kind = pending[next];
      next += 1 + pending.readInt32BE(next + 1);
    }
    if (kind !== READY_FOR_QUERY || next !== pending.length) return;
    hand(Uint8Array.from(pending));
    pending = Buffer.alloc(0);
    next = 0;
  };
}

/** AuthenticationOk, the parameters that libpq wants to know, BackendKeyData, ReadyForQuery. */
function greeting(version: string): Uint8Array {
  const parameters = {
    server_version: version,
    server_encoding: "UTF8",
    client_encoding: "UTF8",
    standard_conforming_strings: "on",
  };
  return Buffer.concat([
    message("R", Buffer.alloc(4)),
    ...Object.entries(parameters).map(([name, value]) => message("S", Buffer.from(`${name}\0${value}\0`))),
    message("K", Buffer.alloc(8)),
    message("Z", Buffer.from("I")),
  ]);
}

function message(kind: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(kind, 0, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
