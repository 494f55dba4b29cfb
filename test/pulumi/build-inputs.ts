import type { Inputs } from "../../src/pulumi/inputs.ts";

/** Inputs with what does not matter left at its default. */
export function inputs(changes: Partial<Inputs> = {}): Inputs {
  return {
    connection: { host: "db", port: 5432, database: "salon", user: "deploy", sslmode: "require" },
    schemas: ["dev", "prod"],
    excluded: [],
    migrations: "migrations",
    target: "head",
    pins: {},
    searchPath: [],
    allowOutOfOrder: false,
    acceptEdited: [],
    lockTimeoutMs: 0,
    statementTimeoutMs: 0,
    snapshot: false,
    waitTimeoutMs: 0,
    concurrency: 0,
    waves: [],
    wavePauseMs: 0,
    onFailure: "stop",
    failureLimit: 0,
    progressUrn: "urn",
    revisions: {},
    downs: {},
    head: "0004_d",
    ...changes,
  };
}
