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
  const passing = paced((message) => void send(message, INFO, true));
  const lasting = (message: string, severity: engineProto.LogSeverity) => {
    passing.drop();
    return send(message, severity, false);
  };
  return {
    /** A passing line: shown while the resource works, kept nowhere. Only the latest counts, so most are left out. */
    status: passing.tell,
    /** A message that stays. Resolves when the engine has it. */
    info: (message: string) => lasting(message, INFO),
    /** The same, as a warning. */
    warn: (message: string) => lasting(message, WARNING),
  };
}

/**
 * Hands on the first message at once, then the latest one at a time: where there is no terminal, as in CI, each is a line of
 * the log. The pause is a second at first and half a minute in the end, so that a run of an hour is some 150 lines.
 */
function paced(hand: (message: string) => void) {
  const started = performance.now();
  let timer: NodeJS.Timeout | undefined;
  let latest: string | undefined;
  const next = () => {
    timer = undefined;
    if (latest === undefined) return;
    hand(latest);
    latest = undefined;
    const pause = Math.min(30_000, Math.max(1_000, (performance.now() - started) / 10));
    timer = setTimeout(next, pause).unref();
  };
  return {
    tell: (message: string) => {
      latest = message;
      if (!timer) next();
    },
    /** Forgets what was not handed on yet: it is no longer true. */
    drop: () => {
      latest = undefined;
    },
  };
}

export type EngineLog = ReturnType<typeof engineLog>;
