import type { Tool } from "./tool.ts";
import { alembic } from "./tools/alembic.ts";
import { dbmate } from "./tools/dbmate.ts";
import { ours, oursWithSnapshot } from "./tools/ours.ts";
import { psql } from "./tools/psql.ts";
import { umzug } from "./tools/umzug.ts";

/** All that are compared, those included that this machine lacks. */
export async function allTools(): Promise<readonly Tool[]> {
  return [
    ours(),
    oursWithSnapshot(),
    await psql(1),
    await psql(2),
    await psql(4),
    await psql(8),
    umzug(),
    await alembic(),
    await dbmate(),
  ];
}
