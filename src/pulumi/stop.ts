import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { fstatSync } from "node:fs";
import provider from "@pulumi/pulumi/proto/provider_grpc_pb.js";

/**
 * Runs the callback with a signal that says: finish what is under way and begin nothing more. It comes when the engine is
 * asked to stop, by a first Ctrl-C, and when it is gone; then this process ends behind the callback.
 */
export async function withStop<T>(callback: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const asked = new AbortController();
  // The engine calls Cancel, which the SDK's dynamic provider answers and tells nobody. So Node is asked what was called.
  const onCall = (message: unknown) => {
    const { headers } = message as { readonly headers: Readonly<Record<string, unknown>> };
    if (headers[":path"] === CANCEL) asked.abort();
  };
  subscribe(CALLS, onCall);
  underWay += 1;
  try {
    return await callback(AbortSignal.any([asked.signal, engineGone.signal]));
  } finally {
    underWay -= 1;
    unsubscribe(CALLS, onCall);
    endIfAlone();
  }
}

const CALLS = "http2.server.stream.created";
const CANCEL = provider.ResourceProviderService.cancel.path;

const engineGone = new AbortController();
let underWay = 0;
let noticesEnd = false;

/**
 * Makes the provider's process notice that its engine is gone, however that ended: Pulumi leaves it running for ever. The
 * engine holds the other end of our standard input and never writes to it.
 */
export function endWithEngine(): void {
  if (noticesEnd || !fstatSync(process.stdin.fd).isFIFO()) return;
  noticesEnd = true;
  process.stdin
    .on("error", () => {})
    .once("close", () => {
      engineGone.abort();
      endIfAlone();
    });
  process.stdin.resume();
}

function endIfAlone(): void {
  if (engineGone.signal.aborted && underWay === 0) process.exit();
}
