import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../src/postgres/connection.ts";

/** What went over the wire behind the sign-ins. */
export interface Traffic {
  /** Times that somebody waited for the server: its ReadyForQuery messages (manual 54.7). */
  roundTrips: number;
  /** Statements that were carried out: its CommandComplete messages. */
  statements: number;
}

/**
 * A connection for the callback that counts, and that a network is in the way of.
 *
 * @param delayMs how much longer a round trip takes
 */
export async function withTrafficProxy<T>(
  server: Connection,
  delayMs: number,
  callback: (connection: Connection, traffic: Traffic) => Promise<T>,
): Promise<T> {
  const traffic: Traffic = { roundTrips: 0, statements: 0 };
  const listener = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: server.host, port: server.port, noDelay: true });
    for (const socket of [client, upstream]) socket.on("error", () => cut(client, upstream));
    client.on("close", () => upstream.end());
    upstream.on("close", () => client.end());
    delay(client, upstream, delayMs);
    upstream.on("data", (chunk) => client.write(chunk));
    count(upstream, traffic);
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  try {
    return await callback({ ...server, port: (listener.address() as AddressInfo).port }, traffic);
  } finally {
    listener.close();
  }
}

function cut(...sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy();
}

/** Bytes later, in their order; those that are under way together arrive together, as on a wire. */
function delay(from: Socket, to: Socket, delayMs: number): void {
  let last = Promise.resolve();
  from.on("data", (chunk) => {
    const travelled = delayMs > 0 ? sleep(delayMs) : undefined;
    last = last.then(async () => {
      await travelled;
      to.write(chunk);
    });
  });
}

/** Reads the server's messages: a type byte, then a length that counts itself. */
function count(upstream: Socket, traffic: Traffic): void {
  let rest = Buffer.alloc(0);
  let signedIn = false;
  upstream.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length > rest.readInt32BE(1)) {
      const type = rest.toString("latin1", 0, 1);
      rest = rest.subarray(1 + rest.readInt32BE(1));
      if (type === "Z" && signedIn) traffic.roundTrips += 1;
      if (type === "Z") signedIn = true;
      if (type === "C") traffic.statements += 1;
    }
  });
}
