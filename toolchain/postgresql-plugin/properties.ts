import struct from "google-protobuf/google/protobuf/struct_pb.js";
import type { Properties } from "./resource-type.ts";

export function fromStruct(message: struct.Struct | undefined): Properties {
  return message?.toJavaScript() ?? {};
}

export function toStruct(properties: Properties): struct.Struct {
  // Through JSON, which leaves out undefined values: the message type refuses them.
  return struct.Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)));
}
