import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { startFleet } from "../support/fleet.ts";
import { MARKED, markedScripts } from "../support/marked-history.ts";
import { terminateOurs } from "../support/own-server.ts";

const database = useDatabase();
const { connection, query } = database;

/** What ReadyForQuery looks like: the end of a sign-in. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

test("a session that is ended in the moment of its sign-in is lost, and does not end the process", async () => {
  await query("CREATE SCHEMA moment");
  let first = true;
  // The network hands over in one piece what the server said in two: the end of the sign-in, and the end of the session.
  const proxy = createServer((client) => {
    const server = connect(connection.port, connection.host);
    const hold = first;
    first = false;
    let held = Buffer.alloc(0);
    let holding = false;
    client.on("error", () => server.destroy()).on("data", (data) => server.write(data));
    client.on("close", () => server.destroy());
    server.on("data", (data) => {
      holding ||= hold && data.includes(READY);
      if (!holding) return void client.write(data);
      if (held.length === 0) void terminateOurs(database);
      held = Buffer.concat([held, data]);
    });
    server.on("error", () => client.destroy()).on("close", () => client.end(held));
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port } = proxy.address() as AddressInfo;
  const run = startFleet({
    connection: { ...connection, port },
    scripts: markedScripts(MARKED),
    targets: { moment: "head" },
    concurrency: 1,
    waitMs: 10_000,
  });
  const results = await run.results.finally(() => proxy.close());
  expect(results).toMatchObject([{ schema: "moment" }]);
});
