import { credentials } from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";

/** Between two passing lines, in ms: as often as a person can read them. */
const STATUS_PAUSE_MS = 200;

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
  let newest: string | undefined;
  let pause: NodeJS.Timeout | undefined;
  const show = () => {
    pause = undefined;
    if (newest === undefined) return;
    void send(newest, INFO, true);
    newest = undefined;
    pause = setTimeout(show, STATUS_PAUSE_MS).unref();
  };
  return {
    /** A passing line: shown while the resource works, kept nowhere. Of many at once only the newest is worth a call. */
    status: (message: string) => {
      newest = message;
      if (!pause) show();
    },
    /** A message that stays. Resolves when the engine has it. */
    info: (message: string) => send(message, INFO, false),
    /** The same, as a warning. */
    warn: (message: string) => send(message, WARNING, false),
  };
}

export type EngineLog = ReturnType<typeof engineLog>;
