import grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";

/**
 * Stands for Pulumi's engine while the callback runs, where the provider's process sends its progress to. A warning is an error
 * here: what is measured would not be what was meant.
 */
export async function withEngine<T>(callback: (address: string) => Promise<T>): Promise<T> {
  const engine = new grpc.Server();
  const warnings: string[] = [];
  const log: grpc.handleUnaryCall<engineProto.LogRequest, unknown> = ({ request }, answer) => {
    if (request.getSeverity() >= engineProto.LogSeverity.WARNING) warnings.push(request.getMessage());
    answer(null, new emptyProto.Empty());
  };
  engine.addService(engineGrpc.EngineService as unknown as grpc.ServiceDefinition, { log });
  const port = await new Promise<number>((resolve, reject) =>
    engine.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  try {
    const result = await callback(`127.0.0.1:${port}`);
    if (warnings.length > 0) throw new Error(warnings.join("\n"));
    return result;
  } finally {
    engine.forceShutdown();
  }
}
