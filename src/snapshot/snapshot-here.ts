import type pg from "pg";
import type { Snapshot, SnapshotUnused } from "../plan/snapshot.ts";

/** A snapshot as one server can take it: not where it was proven on another major version. */
export async function snapshotHere(client: pg.ClientBase, snapshot: Snapshot): Promise<Snapshot | SnapshotUnused> {
  const { rows } = await client.query<{ major: number }>(
    "SELECT current_setting('server_version_num')::integer / 10000 AS major",
  );
  const here = rows[0]?.major ?? 0;
  const { server: made } = snapshot;
  if (made === here) return snapshot;
  return { code: "snapshot-unused", file: snapshot.script.file, why: "other-server", made, here };
}
