import type { handleUnaryCall, ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import grpc from "@grpc/grpc-js";

/**
 * Serves a plugin of the Pulumi engine: on a free local port, which is printed as the first line of output, where the engine
 * reads it. Calls that `implementation` lacks are answered UNIMPLEMENTED.
 *
 * The process ends with the engine that started it: on SIGINT or SIGTERM (so the engine closes a plugin), and when the other
 * end of stdin goes away, which is all that is left to see when the engine itself was killed. `cleanUp` runs before that.
 */
export function servePlugin(
  definition: ServiceDefinition,
  implementation: UntypedServiceImplementation,
  cleanUp: () => void = () => {},
): void {
  const end = (): void => {
    cleanUp();
    process.exit(0);
  };
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  process.stdin.once("end", end).once("error", end).resume();

  const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(definition, implementation);
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) throw error;
    console.log(port);
  });
}

/** A gRPC handler that answers with what `respond` returns; what it throws reaches the user as its message alone. */
export function answer<Request, Response>(
  respond: (request: Request) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return async (call, callback) => {
    try {
      callback(null, await respond(call.request));
    } catch (error) {
      callback({ code: grpc.status.UNKNOWN, details: error instanceof Error ? error.message : String(error) });
    }
  };
}
