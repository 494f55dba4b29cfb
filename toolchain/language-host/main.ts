/**
 * Stand-in for `pulumi-language-nodejs`, for machines that cannot download the vendor's: serves
 * `pulumirpc.LanguageRuntime` to the Pulumi engine. The engine starts it with its own address as the last argument and
 * reads the port from the first line of output.
 */
import grpc from "@grpc/grpc-js";
import languageGrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import { endWithEngine } from "../end-with-engine.ts";
import { type Programs, startPrograms } from "./program.ts";
import { languageRuntime } from "./service.ts";

const engineAddress = process.argv.at(-1);
if (process.argv.length < 3 || engineAddress === undefined) {
  throw new Error("The address of the Pulumi engine is missing: this program is started by Pulumi, not by hand.");
}

const programs: Programs = startPrograms(engineAddress);
endWithEngine(() => programs.stop());

const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
server.addService(languageGrpc.LanguageRuntimeService, languageRuntime(programs));
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(port);
});
