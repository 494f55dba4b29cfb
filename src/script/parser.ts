import { setFlagsFromString } from "node:v8";
import { loadModule } from "libpg-query";

// V8's optimising compiler would take some 600 ms and 500 MB for the parser, beside the server that is waited for. Its quick one
// has it ready in a tenth of that, and parses fast enough: a statement in less than a millisecond.
for (const flag of ["--no-wasm-dynamic-tiering", "--no-wasm-tier-up"]) setFlagsFromString(flag);

// PostgreSQL's own parser is WebAssembly: it has to be there before its functions are called.
await loadModule();

export { hasSqlDetails, type Node, parsePlPgSQLSync, parseSync, scanSync } from "libpg-query";
