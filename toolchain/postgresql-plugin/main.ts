/**
 * Stand-in for the plugin behind @pulumi/postgresql, for machines that cannot download the official one: the resource types
 * that this project declares, behaving alike. A further type is one more file and one more entry here.
 */
import manifest from "@pulumi/postgresql/package.json" with { type: "json" };
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { servePlugin } from "../plugin-server.ts";
import { defaultPrivilegesType } from "./default-privileges.ts";
import { grantType } from "./grant.ts";
import { grantRoleType } from "./grant-role.ts";
import { roleType } from "./role.ts";
import { schemaType } from "./schema.ts";
import { resourceProvider } from "./service.ts";

const types = [schemaType, roleType, grantType, defaultPrivilegesType, grantRoleType];
servePlugin(providerGrpc.ResourceProviderService, resourceProvider(manifest.version, types));
