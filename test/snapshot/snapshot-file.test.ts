import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readHistory } from "../../src/history/read-history.ts";
import type { History } from "../../src/history/revision.ts";
import { problemText } from "../../src/problem-text.ts";
import { readSnapshot, writeSnapshot } from "../../src/snapshot/snapshot-file.ts";
import { historyOf } from "../support/history.ts";

const folder = mkdtempSync(join(tmpdir(), "snapshot-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

const history = historyOf({
  "0001_a": "CREATE TABLE a ()",
  "0002_b": "CREATE TABLE b ()",
  "0003_c": "CREATE TABLE c ()",
});
const proven = { revision: "0002_b", server: 18, fingerprint: "f".repeat(64) };
const write = () => writeSnapshot(folder, history.slice(0, 2), proven, "CREATE TABLE a ();\n");

/** What is told of the folder's snapshot against a history; undefined where it is one of it. */
function unused(revisions: History): string | undefined {
  const found = readSnapshot(folder, revisions);
  return "code" in found ? problemText(found).replaceAll(folder, "migrations") : undefined;
}

describe("a folder's snapshot", () => {
  it("is read as it was written, its script with the heading, so that lines are those of the file", () => {
    const file = write();
    const found = readSnapshot(folder, history);
    expect(found).toMatchObject({ ...proven, script: { file } });
    expect("script" in found && found.script.sql.split("\n").at(-2)).toBe("CREATE TABLE a ();");
  });

  it("is no migration", () => {
    write();
    expect(readHistory(folder)).toEqual([]);
  });

  it("stays one while only what comes after it changes", () => {
    write();
    expect(unused([...history, ...historyOf({ "0004_d": "SELECT 1" })])).toBeUndefined();
    expect(unused(history.slice(0, 2))).toBeUndefined();
  });

  it("is none any more when a revision up to it was edited, added or taken away", () => {
    write();
    const [a, b, c] = [history.slice(0, 1), history.slice(1, 2), history.slice(2)];
    const stale =
      "migrations/snapshot.sql stands for the history up to 0002_b, in which something was edited, added or removed since. New schemas replay the history. Make it anew: npm run snapshot.";
    expect(unused([...historyOf({ "0001_a": "CREATE TABLE edited ()" }), ...b, ...c])).toBe(stale);
    expect(unused([...a, ...historyOf({ "0001-5_between": "SELECT 1" }), ...b, ...c])).toBe(stale);
    expect(unused([...b, ...c])).toBe(stale);
    expect(unused([...a, ...c])).toBe(stale);
  });

  it("is told to be made where it is missing or unreadable", () => {
    rmSync(join(folder, "snapshot.sql"), { force: true });
    expect(unused(history)).toMatchInlineSnapshot(
      `"The config asks for a snapshot, and there is no migrations/snapshot.sql. New schemas replay the history. Make it: npm run snapshot."`,
    );
    writeFileSync(join(folder, "snapshot.sql"), "CREATE TABLE a ();");
    expect(unused(history)).toMatchInlineSnapshot(
      `"migrations/snapshot.sql: its heading is not one that npm run snapshot writes. New schemas replay the history. Make it anew: npm run snapshot."`,
    );
  });
});
