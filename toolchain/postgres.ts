import { once } from "node:events";
import { withEmbeddedPostgres } from "./embedded-postgres.ts";

await withEmbeddedPostgres(async ({ env }) => {
  const stopped = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  for (const [name, value] of Object.entries(env)) console.log(`export ${name}=${value}`);
  console.log("# Ctrl-C stops it and deletes its data.");
  await stopped;
});
