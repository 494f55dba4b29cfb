import { expect, it } from "vitest";
import type { SchemaStatus } from "../../src/status/read-status.ts";
import { statusTable } from "../../src/status/status-table.ts";

/** A schema whose last event failed with an error, or was done. */
function status(schema: string, error: string | null): SchemaStatus {
  const at = new Date("2026-11-22T20:38:00Z");
  const outcome = error === null ? "done" : "failed";
  const lastEvent = { at, actor: "ana@ci", revision: "0002_fill", direction: "up", outcome, error } as const;
  const place = { stack: "prod", fleet: "migrations", schema, current: "0001_users", target: "head" };
  return { ...place, pending: ["↑ 0002_fill"], problems: [], lastEvent };
}

it("tells below the table why schemas failed, one cause once, whatever rows it quotes", () => {
  const taken = (key: string) => `duplicate key value violates unique constraint "${key}"`;
  const long = Array.from({ length: 20 }, (_, line) => `line ${line}`).join("\n");
  const all = [status("a", taken("a_key")), status("b", null), status("c", taken("c_key")), status("d", long)];
  expect(statusTable(all)).toMatchInlineSnapshot(`
    "stack  schema  current     target  pending      last event
    prod   a       0001_users  head    ↑ 0002_fill  2026-11-22 20:38 ana@ci: up 0002_fill failed
    prod   b       0001_users  head    ↑ 0002_fill  2026-11-22 20:38 ana@ci: up 0002_fill done
    prod   c       0001_users  head    ↑ 0002_fill  2026-11-22 20:38 ana@ci: up 0002_fill failed
    prod   d       0001_users  head    ↑ 0002_fill  2026-11-22 20:38 ana@ci: up 0002_fill failed

    Schema "a", up 0002_fill failed: duplicate key value violates unique constraint "a_key"
    The same in c.

    Schema "d", up 0002_fill failed: line 0
    line 1
    line 2
    line 3
    line 4
    line 5
    line 6
    line 7
    …"
  `);
});
