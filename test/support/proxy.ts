import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll } from "vitest";
import type { Connection } from "../../src/postgres/connection.ts";

/** Where in the life of one message a fault happens. */
export interface Moment {
  /** What the message's SQL looks like. Only such messages: a simple query, as a step is. */
  readonly query: RegExp;
  /**
   * `before`: the server has not got the message. `after`: the server has carried out a COMMIT of it (of a message without
   * one: all of it), and the client does not know.
   */
  readonly when: "before" | "after";
}

/** A TCP proxy before a PostgreSQL server, which can do to a connection what a network does. */
export interface Proxy {
  /** The server as it is reached through the proxy. */
  readonly connection: Connection;
  /**
   * Does something at a moment, once: the first message that fits holds its connection until `fault` settles. Resolves then.
   * `cut` closes both ends; without it the traffic goes on.
   */
  readonly once: (moment: Moment, fault: (cut: () => void) => unknown) => Promise<void>;
  /** From now on no byte passes, in any connection, old or new; nothing is closed. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** New connections pass again; those that were frozen stay silent for good, as behind a firewall that forgot them. */
  readonly forget: () => void;
  /** Takes back the faults whose moment has not come. */
  readonly disarm: () => void;
  readonly close: () => Promise<void>;
}

interface Weather {
  thawed: PromiseWithResolvers<void> | undefined;
  readonly pairs: (readonly [client: Socket, upstream: Socket])[];
}

interface Fault {
  readonly moment: Moment;
  readonly strike: (cut: () => void) => Promise<void>;
}

/** Starts a proxy before the file's tests and closes it after them; no fault outlives its test. */
export function useProxy(server: Connection): Pick<Proxy, "connection" | "once" | "disarm" | "freeze" | "thaw"> {
  let proxy: Proxy | undefined;
  const started = () => {
    if (!proxy) throw new Error("the proxy has not started");
    return proxy;
  };
  beforeAll(async () => {
    proxy = await startProxy(server);
  });
  afterEach(() => {
    proxy?.disarm();
    proxy?.thaw();
  });
  afterAll(() => proxy?.close());
  return {
    get connection() {
      return started().connection;
    },
    once: (moment, fault) => started().once(moment, fault),
    disarm: () => started().disarm(),
    freeze: () => started().freeze(),
    thaw: () => started().thaw(),
  };
}

/** Starts a proxy on a free port. Without TLS: it reads the messages. */
export async function startProxy(server: Connection): Promise<Proxy> {
  const faults = new Set<Fault>();
  const open = new Set<() => void>();
  // Connections share the weather that they began in.
  let weather: Weather = { thawed: undefined, pairs: [] };
  // Without delay: messages are handed on one by one, and each would wait 40 ms for the last one's acknowledgement.
  const listener = createServer({ noDelay: true }, (client) => {
    const own = weather;
    const upstream = connect({ port: server.port, host: server.host, noDelay: true });
    const cut = join(client, upstream, faults, () => own.thawed?.promise);
    own.pairs.push([client, upstream]);
    open.add(cut);
    client.on("close", () => open.delete(cut));
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  return {
    connection: { ...server, host: "127.0.0.1", port },
    once: (moment, fault) =>
      new Promise((resolve, reject) => {
        const strike = async (cut: () => void) => {
          faults.delete(armed);
          await (async () => fault(cut))().then(() => resolve(), reject);
        };
        const armed = { moment, strike };
        faults.add(armed);
      }),
    freeze: () => {
      weather.thawed ??= Promise.withResolvers();
    },
    thaw: () => {
      weather.thawed?.resolve();
      weather.thawed = undefined;
    },
    forget: () => {
      // What TCP's keepalive does for a server whose client is gone.
      for (const [client, upstream] of weather.pairs) {
        if (client.destroyed) upstream.destroy();
        else client.on("close", () => upstream.destroy());
      }
      weather = { thawed: undefined, pairs: [] };
    },
    disarm: () => faults.clear(),
    close: async () => {
      listener.close();
      for (const cut of open) cut();
      await once(listener, "close");
    },
  };
}

/** Joins two sockets message by message. Returns what closes both. */
function join(
  client: Socket,
  server: Socket,
  faults: ReadonlySet<Fault>,
  mayPass: () => Promise<void> | undefined,
): () => void {
  const cut = () => {
    client.destroy();
    server.destroy();
  };
  client.on("error", cut);
  server.on("error", cut);
  let expected: Fault | undefined;
  const fitting = (when: Moment["when"], sql: string) =>
    [...faults].find(({ moment }) => moment.when === when && moment.query.test(sql));
  forward(client, server, 0, mayPass, async (type, body) => {
    if (type !== "Q") return;
    const sql = body.toString("utf8", 0, body.length - 1);
    expected = fitting("after", sql);
    await fitting("before", sql)?.strike(cut);
  });
  forward(server, client, 1, mayPass, async (type, body) => {
    // The tag of what was carried out; ReadyForQuery where the message holds no COMMIT.
    const committed = type === "C" && body.toString("latin1", 0, body.length - 1) === "COMMIT";
    if (!expected || !(committed || type === "Z")) return;
    const fault = expected;
    expected = undefined;
    if (faults.has(fault)) await fault.strike(cut);
  });
  return cut;
}

/**
 * Hands messages on one after the other, each shown before it is. The client's first one has no type (manual 54.7); every
 * other is a type byte, then a length that counts itself.
 */
function forward(
  from: Socket,
  to: Socket,
  firstTypeBytes: 0 | 1,
  mayPass: () => Promise<void> | undefined,
  show: (type: string, body: Buffer) => Promise<void>,
): void {
  let rest = Buffer.alloc(0);
  let typeBytes: 0 | 1 = firstTypeBytes;
  let passing = Promise.resolve();
  const pass = async (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const length = rest.length < typeBytes + 4 ? Number.POSITIVE_INFINITY : typeBytes + rest.readInt32BE(typeBytes);
      if (rest.length < length) return;
      const message = rest.subarray(0, length);
      rest = rest.subarray(length);
      if (typeBytes === 1) await show(message.toString("latin1", 0, 1), message.subarray(5));
      typeBytes = 1;
      await mayPass();
      if (to.writable) to.write(message);
    }
  };
  from.on("data", (chunk: Buffer) => {
    passing = passing.then(() => pass(chunk));
  });
  // Behind the last message: of a session that the server ends, its last words say why.
  from.on("close", () => {
    passing = passing.then(mayPass).then(() => {
      to.end();
    });
  });
}
