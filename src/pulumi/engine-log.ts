import { credentials } from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";

/**
 * Writes to a resource's line in the engine's display, from the provider's process. The SDK has no call for it there; the
 * engine's address is the last argument that the process was started with (Pulumi: cmd/dynamic-provider).
 */
export function engineLog(urn: string) {
  const engine = new engineGrpc.EngineClient(process.argv.at(-1) ?? "", credentials.createInsecure());
  let last = Promise.resolve();
  const { INFO, WARNING } = engineProto.LogSeverity;
  const deliver = (message: string, severity: engineProto.LogSeverity, ephemeral: boolean) =>
    new Promise<void>((resolve) => {
      const request = new engineProto.LogRequest();
      request.setSeverity(severity);
      request.setMessage(message);
      request.setUrn(urn);
      request.setEphemeral(ephemeral);
      // A lost line of progress is not worth a failed migration.
      engine.log(request, () => resolve());
    });
  // One after the other: calls that overlap arrive in any order.
  const send = (message: string, severity: engineProto.LogSeverity, ephemeral: boolean) => {
    last = last.then(() => deliver(message, severity, ephemeral));
    return last;
  };
  return {
    /** A passing line: shown while the resource works, kept nowhere. */
    status: (message: string) => void send(message, INFO, true),
    /** A message that stays. Resolves when the engine has it. */
    info: (message: string) => send(message, INFO, false),
    /** The same, as a warning. */
    warn: (message: string) => send(message, WARNING, false),
  };
}

export type EngineLog = ReturnType<typeof engineLog>;
