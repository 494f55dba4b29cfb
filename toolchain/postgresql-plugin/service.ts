import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import provider from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { answer } from "../plugin-server.ts";
import { type Connection, connect } from "./connection.ts";
import { fromStruct, toStruct } from "./properties.ts";
import type { Changes, CheckFailure, ResourceType } from "./resource-type.ts";
import { checkSettings, parseSettings } from "./settings.ts";

const standIn = "This project's stand-in for the plugin of @pulumi/postgresql";
const { DiffChanges } = provider.DiffResponse;

/** The calls of `pulumirpc.ResourceProvider`, for the given resource types. Reads PG* from the environment, as the official. */
export function resourceProvider(version: string, types: readonly ResourceType[]): UntypedServiceImplementation {
  let configured: Connection | undefined;
  const connection = (): Connection => {
    if (configured === undefined) throw new Error("The provider's settings are not known yet.");
    return configured;
  };
  const typeOf = (urn: string): ResourceType => {
    const token = urn.split("::")[2]?.split("$").at(-1);
    const type = types.find((known) => known.token === token);
    if (type === undefined) throw new Error(unsupported(`the resource type ${token}`, types));
    return type;
  };

  return {
    getPluginInfo: answer(() => new plugin.PluginInfo().setVersion(version)),

    // Only generating code asks for it.
    getSchema: answer(() => {
      throw new Error(`${standIn} has no package schema. For \`pulumi import\`, add --generate-code=false.`);
    }),

    checkConfig: answer((request: provider.CheckRequest) =>
      new provider.CheckResponse()
        .setInputs(request.getNews())
        .setFailuresList(checkSettings(fromStruct(request.getNews())).map(failureMessage)),
    ),

    configure: answer((request: provider.ConfigureRequest) => {
      const variables = request.getVariablesMap().getEntryList();
      const inputs = Object.fromEntries(variables.map(([key, value]) => [key.replace(/^.*:/, ""), value]));
      configured = connect(parseSettings(inputs, process.env));
      return new provider.ConfigureResponse().setSupportspreview(true);
    }),

    check: answer((request: provider.CheckRequest) => {
      const { inputs, failures } = typeOf(request.getUrn()).check(
        request.getName(),
        fromStruct(request.getOlds()),
        fromStruct(request.getNews()),
        Buffer.from(request.getRandomseed_asU8()).toString("hex"),
      );
      return new provider.CheckResponse().setInputs(toStruct(inputs)).setFailuresList(failures.map(failureMessage));
    }),

    diff: answer((request: provider.DiffRequest) => {
      const olds = fromStruct(request.getOlds());
      return diffMessage(
        typeOf(request.getUrn()).diff(olds, fromStruct(request.getNews())),
        (key) => olds[key] !== undefined,
      );
    }),

    create: answer(async (request: provider.CreateRequest) => {
      const type = typeOf(request.getUrn());
      const inputs = fromStruct(request.getProperties());
      if (request.getPreview()) {
        return new provider.CreateResponse().setProperties(toStruct(type.preview(connection(), inputs)));
      }
      const { id, outputs } = await type.create(connection(), inputs);
      return new provider.CreateResponse().setId(id).setProperties(toStruct(outputs));
    }),

    read: answer(async (request: provider.ReadRequest) => {
      const state = await typeOf(request.getUrn()).read(
        connection(),
        request.getId(),
        fromStruct(request.getProperties()),
        fromStruct(request.getInputs()),
      );
      if (state === undefined) return new provider.ReadResponse(); // no id: it is gone
      return new provider.ReadResponse()
        .setId(state.id)
        .setProperties(toStruct(state.outputs))
        .setInputs(toStruct(state.inputs));
    }),

    update: answer(async (request: provider.UpdateRequest) => {
      const type = typeOf(request.getUrn());
      const [olds, news] = [fromStruct(request.getOlds()), fromStruct(request.getNews())];
      const outputs = request.getPreview()
        ? { ...olds, ...type.preview(connection(), news) }
        : (await type.update(connection(), olds, news)).outputs;
      return new provider.UpdateResponse().setProperties(toStruct(outputs));
    }),

    delete: answer(async (request: provider.DeleteRequest) => {
      await typeOf(request.getUrn()).delete(connection(), fromStruct(request.getProperties()));
      return new empty.Empty();
    }),

    invoke: answer((request: provider.InvokeRequest) => {
      throw new Error(unsupported(`the function ${request.getTok()}`, types));
    }),

    // After a first Ctrl-C, what has been started is still completed.
    cancel: answer(() => new empty.Empty()),
  };
}

function unsupported(what: string, types: readonly ResourceType[]): string {
  return (
    `${standIn} does not have ${what}, only ` +
    `${types.map(({ token }) => token).join(", ")}. The official plugin has it: delete the project's folder .tools/pulumi/plugins ` +
    "where Pulumi's download site can be reached, and it is installed by the next run."
  );
}

function failureMessage({ property, reason }: CheckFailure): provider.CheckFailure {
  return new provider.CheckFailure().setProperty(property).setReason(reason);
}

function diffMessage({ update, replace }: Changes, existed: (key: string) => boolean): provider.DiffResponse {
  const { ADD, UPDATE, ADD_REPLACE, UPDATE_REPLACE } = provider.PropertyDiff.Kind;
  const response = new provider.DiffResponse()
    .setChanges(update.length + replace.length === 0 ? DiffChanges.DIFF_NONE : DiffChanges.DIFF_SOME)
    .setDiffsList([...update, ...replace])
    .setReplacesList([...replace])
    // The name is the identity in the server: old and new cannot be there at once.
    .setDeletebeforereplace(replace.length > 0)
    .setHasdetaileddiff(true);
  const details = response.getDetaileddiffMap();
  for (const key of update) details.set(key, new provider.PropertyDiff().setKind(existed(key) ? UPDATE : ADD));
  for (const key of replace) {
    details.set(key, new provider.PropertyDiff().setKind(existed(key) ? UPDATE_REPLACE : ADD_REPLACE));
  }
  return response;
}
