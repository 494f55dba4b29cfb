/** The thread in which pg_dump runs: it stands still while the other one waits for the server. See dump.ts. */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { pgDump } from "@electric-sql/pglite-tools/pg_dump";
import type { DumpRequest } from "./dump.ts";

const { port, turn, greeting, args }: DumpRequest = workerData;
let greeted = false;

// What pgDump asks of a PGlite (@electric-sql/pglite-tools, src/pg_dump.ts); its answers have to be there when the call returns.
const server = {
  query: async () => ({ rows: [{ search_path: "" }] }),
  exec: async () => [],
  execProtocolRawStream(bytes: Uint8Array, { onRawData }: { readonly onRawData: (bytes: Uint8Array) => void }) {
    if (!greeted) {
      greeted = true;
      onRawData(greeting);
      return;
    }
    Atomics.store(turn, 0, 0);
    // A copy: the bytes are a view of pg_dump's whole memory.
    port.postMessage(Uint8Array.from(bytes));
    Atomics.wait(turn, 0, 0);
    for (let answer = receiveMessageOnPort(port); answer; answer = receiveMessageOnPort(port))
      onRawData(answer.message);
  },
};

const file = await pgDump({ pg: server as never, args: [...args] });
parentPort?.postMessage(await file.text());
