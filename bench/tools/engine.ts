import grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";

/** Stands for Pulumi's engine while the callback runs, where the provider's process sends its progress to. */
export async function withEngine<T>(callback: (address: string) => Promise<T>): Promise<T> {
  const engine = new grpc.Server();
  const log = (_call: unknown, answer: (error: null, empty: unknown) => void) => answer(null, new emptyProto.Empty());
  engine.addService(engineGrpc.EngineService as unknown as grpc.ServiceDefinition, { log });
  const port = await new Promise<number>((resolve, reject) =>
    engine.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  try {
    return await callback(`127.0.0.1:${port}`);
  } finally {
    engine.forceShutdown();
  }
}
