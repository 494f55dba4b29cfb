import { loadModule } from "libpg-query";

// PostgreSQL's own parser is WebAssembly: it has to be there before its functions are called.
await loadModule();

export { hasSqlDetails, type Node, parsePlPgSQLSync, parseSync, scanSync } from "libpg-query";
