/**
 * Stand-in for `pulumi-language-nodejs`, for machines that cannot download the vendor's: serves
 * `pulumirpc.LanguageRuntime` to the Pulumi engine, which starts it with its own address as the last argument.
 */
import languageGrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import { servePlugin } from "../plugin-server.ts";
import { startPrograms } from "./program.ts";
import { languageRuntime } from "./service.ts";

const engineAddress = process.argv.at(-1);
if (process.argv.length < 3 || engineAddress === undefined) {
  throw new Error("The address of the Pulumi engine is missing: Pulumi starts this program, nobody else.");
}

const programs = startPrograms(engineAddress);
servePlugin(languageGrpc.LanguageRuntimeService, languageRuntime(programs), () => programs.stop());
