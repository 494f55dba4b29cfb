import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import sdk from "@pulumi/pulumi/package.json" with { type: "json" };
import language from "@pulumi/pulumi/proto/language_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { answer } from "../plugin-server.ts";
import { directDependencies, type RequiredPlugin, requiredPlugins } from "./packages.ts";
import type { Programs } from "./program.ts";

/**
 * The calls of `pulumirpc.LanguageRuntime` that running a program needs. The others (converting, packing and generating
 * code, language-hosted plugins) are answered UNIMPLEMENTED by gRPC.
 */
export function languageRuntime(programs: Programs): UntypedServiceImplementation {
  return {
    handshake: answer(() => new language.LanguageHandshakeResponse()),
    getPluginInfo: answer(() => new plugin.PluginInfo().setVersion(sdk.version)),
    getRequiredPlugins: answer((request: language.GetRequiredPluginsRequest) =>
      new language.GetRequiredPluginsResponse().setPluginsList(
        requiredPlugins(request.getInfo()?.getProgramDirectory() ?? request.getPwd()).map((required) =>
          describe(new plugin.PluginDependency(), required),
        ),
      ),
    ),
    getRequiredPackages: answer((request: language.GetRequiredPackagesRequest) =>
      new language.GetRequiredPackagesResponse().setPackagesList(
        requiredPlugins(request.getInfo()?.getProgramDirectory() ?? ".").map((required) =>
          describe(new plugin.PackageDependency(), required),
        ),
      ),
    ),
    getProgramDependencies: answer((request: language.GetProgramDependenciesRequest) =>
      new language.GetProgramDependenciesResponse().setDependenciesList(
        directDependencies(request.getInfo()?.getProgramDirectory() ?? request.getPwd()).map(({ name, version }) =>
          new language.DependencyInfo().setName(name).setVersion(version),
        ),
      ),
    ),
    about: answer(() => new language.AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
    runtimeOptionsPrompts: answer(() => new language.RuntimeOptionsResponse()),
    run: answer(async (request: language.RunRequest) => {
      const { error, bail } = await programs.run(request);
      return new language.RunResponse().setError(error).setBail(bail);
    }),
    cancel: answer(() => {
      programs.stop();
      return new empty.Empty();
    }),
  };
}

function describe<Message extends plugin.PluginDependency | plugin.PackageDependency>(
  message: Message,
  required: RequiredPlugin,
): Message {
  message.setKind("resource");
  message.setName(required.name);
  message.setVersion(required.version);
  message.setServer(required.server);
  return message;
}
