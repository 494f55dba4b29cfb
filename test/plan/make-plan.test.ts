import { describe, expect, it } from "vitest";
import { planDirection } from "../../src/plan/plan.ts";
import { refused } from "../history/refused.ts";
import { both, ledgerOf, ledgerRows, moves, noLedger, plan, revision, row } from "./build.ts";

const [A, B, C, D] = [both("0001_a"), both("0002_b"), both("0003_c"), both("0004_d")] as const;
const HISTORY = [A, B, C, D];

type Request = Parameters<typeof plan>[0];

const refusal = (request: Request): string => refused(() => plan(request));

describe("up", () => {
  it("to head: what the ledger lacks, in the folder's order, each step with all that its row needs", () => {
    expect(plan({ ledger: ledgerOf([A, B, C]), history: HISTORY })).toEqual({
      schema: "prod",
      schemaExists: true,
      onNothing: false,
      unknownTables: false,
      entries: 3,
      createsLedger: false,
      from: "0003_c",
      to: "0004_d",
      steps: [
        {
          direction: "up",
          revision: "0004_d",
          script: expect.objectContaining({
            file: "migrations/0004_d.up.sql",
            mode: "transaction",
            sql: "SELECT 'up 0004_d';\n",
          }),
          source: "folder",
          resumes: false,
          checksum: D.checksum,
          down: "SELECT 'down 0004_d';\n",
          transaction: true,
        },
      ],
      pending: [],
      kept: "0003_c",
    });
  });

  it("from nothing: every revision, and the first step makes the ledger", () => {
    const ledger = noLedger();
    const all = plan({ ledger, history: HISTORY });
    expect(moves(all)).toEqual(["up 0001_a", "up 0002_b", "up 0003_c", "up 0004_d"]);
    expect(all).toMatchObject({ from: "base", to: "0004_d", createsLedger: true });
    expect(planDirection(all)).toBe("upgrade");
  });

  it("in a schema that holds nothing: said, for what is quick there", () => {
    const empty = noLedger();
    const onNothing = (ledger: typeof empty) => plan({ ledger, history: HISTORY }).onNothing;
    expect(onNothing(empty)).toBe(true);
    expect(onNothing({ ...empty, schemaExists: false })).toBe(true);
    expect(onNothing({ ...empty, exists: true, used: true })).toBe(true);
    expect(onNothing({ ...empty, populated: true })).toBe(false);
    expect(plan({ ledger: { ...ledgerOf([A]), populated: false }, history: HISTORY }).onNothing).toBe(false);
  });

  it("in a schema that does not exist yet: planned as an empty one, and said", () => {
    const ledger = noLedger({ schemaExists: false });
    expect(plan({ ledger, history: [A] })).toMatchObject({
      schemaExists: false,
      createsLedger: true,
      from: "base",
    });
  });

  it("to a pin in between: not beyond it, and what is held back is told", () => {
    const pinned = plan({ ledger: ledgerOf([A]), history: HISTORY, target: "0002" });
    expect(moves(pinned)).toEqual(["up 0002_b"]);
    expect(pinned).toMatchObject({ from: "0001_a", to: "0002_b", pending: ["0003_c", "0004_d"] });
  });

  it("a revision without a down is recorded without one", () => {
    const upOnly = revision("0002_b", { up: "SELECT 1;\n" });
    expect(plan({ ledger: ledgerOf([A]), history: [A, upOnly] }).steps).toMatchObject([{ down: undefined }]);
  });

  it("a revision that asks for no transaction runs, and is recorded, as such", () => {
    const outside = revision("0002_b", { up: "SELECT 1;\n", transaction: false });
    expect(plan({ ledger: ledgerOf([A]), history: [A, outside] }).steps).toMatchObject([
      { transaction: false, script: { mode: "autocommit" } },
    ]);
  });
});

describe("down", () => {
  it("to a pin: what is above it, last applied first, by the folder's down scripts", () => {
    const back = plan({ ledger: ledgerOf(HISTORY), history: HISTORY, target: "0001_a" });
    expect(moves(back)).toEqual(["down 0004_d", "down 0003_c", "down 0002_b"]);
    expect(back).toMatchObject({ from: "0004_d", to: "0001_a", pending: ["0002_b", "0003_c", "0004_d"] });
    expect(back.steps[0]).toMatchObject({
      script: { file: "migrations/0004_d.down.sql", sql: "SELECT 'down 0004_d';\n" },
      source: "folder",
      checksum: D.checksum,
    });
    expect(planDirection(back)).toBe("downgrade");
  });

  it("last applied first also where that is not the folder's order", () => {
    const back = plan({ ledger: ledgerOf([A, C, B]), history: HISTORY, target: "0001_a" });
    expect(moves(back)).toEqual(["down 0002_b", "down 0003_c"]);
  });

  it("to base: everything", () => {
    const back = plan({ ledger: ledgerOf([A, B]), history: HISTORY, target: "base" });
    expect(moves(back)).toEqual(["down 0002_b", "down 0001_a"]);
    expect(back).toMatchObject({ from: "0002_b", to: "base", pending: ["0001_a", "0002_b", "0003_c", "0004_d"] });
  });

  it("where the folder has no down any more, by the one in the ledger", () => {
    const [step] = plan({
      ledger: ledgerOf([A, B]),
      history: [A, revision("0002_b", { up: B.up?.sql ?? "" })],
      target: "0001_a",
    }).steps;
    expect(step).toMatchObject({
      source: "ledger",
      script: { file: "0002_b (down script in the ledger)", sql: "SELECT 'down 0002_b';\n" },
    });
  });

  it("where the ledger recorded no down, by the one written since", () => {
    const ledger = ledgerRows([row(A), row(B, { down: undefined })]);
    expect(plan({ ledger, history: HISTORY, target: "0001_a" }).steps).toMatchObject([
      { source: "folder", script: { sql: "SELECT 'down 0002_b';\n" } },
    ]);
  });

  it("outside a transaction where the revision was applied so", () => {
    const ledger = ledgerRows([row(A), row(B, { transaction: false })]);
    expect(plan({ ledger, history: HISTORY, target: "0001_a" }).steps).toMatchObject([
      { transaction: false, script: { mode: "autocommit" } },
    ]);
  });
});

describe("neither", () => {
  it("at the target: no step", () => {
    const still = plan({ ledger: ledgerOf(HISTORY), history: HISTORY });
    expect(still).toMatchObject({ from: "0004_d", to: "0004_d", steps: [], pending: [], createsLedger: false });
    expect(planDirection(still)).toBe("none");
  });

  it("with nothing to apply no ledger is made", () => {
    const ledger = noLedger();
    expect(plan({ ledger, history: [] })).toMatchObject({ from: "base", to: "base", steps: [], createsLedger: false });
    expect(plan({ ledger, history: HISTORY, target: "base" })).toMatchObject({ steps: [], createsLedger: false });
  });
});

describe("both: down what is above the pin, then up what is missing below it", () => {
  it("is a downgrade", () => {
    const mixed = plan({ ledger: ledgerOf([A, C]), history: HISTORY, target: "0002_b" });
    expect(moves(mixed)).toEqual(["down 0003_c", "up 0002_b"]);
    expect(mixed).toMatchObject({ from: "0003_c", to: "0002_b" });
    expect(planDirection(mixed)).toBe("downgrade");
  });
});

describe("steps from where the schema is", () => {
  it.each([
    ["-1", ["down 0002_b"], "0001_a"],
    ["-2", ["down 0002_b", "down 0001_a"], "base"],
    ["+1", ["up 0003_c"], "0003_c"],
    ["+2", ["up 0003_c", "up 0004_d"], "0004_d"],
    ["+0", [], "0002_b"],
    ["-0", [], "0002_b"],
  ])("%s", (target, steps, to) => {
    const relative = plan({ ledger: ledgerOf([A, B]), history: HISTORY, target });
    expect(moves(relative)).toEqual(steps);
    expect(relative.to).toBe(to);
  });

  it("refuses a ledger that was written by hand, where its order is not known; also with nothing to do", () => {
    const ledger = { ...ledgerOf(HISTORY), altered: true };
    expect(refusal({ ledger, history: HISTORY })).toMatchInlineSnapshot(
      `"Schema "prod": its ledger was written by hand. Entries have no number, or two the same, so that it is not certain what came last. Number them in the order in which they happened: UPDATE "prod".migration_ledger SET entry = … WHERE …"`,
    );
  });

  it("more than there are below are refused", () => {
    expect(refusal({ ledger: ledgerOf([A, B]), history: HISTORY, target: "-3" })).toMatchInlineSnapshot(
      `"Target "-3": schema "prod" is at 0002_b, from where at most 2 steps can be taken that way. Name a revision instead."`,
    );
  });

  it("more than there are above are refused", () => {
    expect(refusal({ ledger: ledgerOf([A, B, C]), history: HISTORY, target: "+2" })).toMatchInlineSnapshot(
      `"Target "+2": schema "prod" is at 0003_c, from where at most 1 step can be taken that way. Name a revision instead."`,
    );
  });

  it("down from base, up from head: refused", () => {
    expect(refusal({ ledger: ledgerOf([]), history: HISTORY, target: "-1" })).toMatchInlineSnapshot(
      `"Target "-1": schema "prod" is at base, from where no step can be taken that way. Name a revision instead."`,
    );
    expect(refusal({ ledger: ledgerOf(HISTORY), history: HISTORY, target: "+1" })).toContain("no step can be taken");
  });
});

describe("a revision with a down script alone", () => {
  const downOnly = revision("0002_b", { down: "SELECT 'down';\n" });

  it("is refused where it would run or be recorded: an up script that was forgotten would never run", () => {
    expect(refusal({ ledger: ledgerOf([A]), history: [A, downOnly] })).toMatchInlineSnapshot(
      `"0002_b has no up script, only migrations/0002_b.down.sql. Was it forgotten? Add migrations/0002_b.up.sql; an empty one says that there is nothing to do."`,
    );
    const untold = noLedger({ populated: true });
    expect(refusal({ ledger: untold, history: [A, downOnly], baseline: "2" })).toContain("0002_b has no up script");
    expect(moves(plan({ ledger: ledgerOf([A]), history: [A, downOnly], target: "1" }))).toEqual([]);
  });

  it("is no obstacle where it is applied, nor on the way back; an empty up script is the same as none there", () => {
    const ledger = ledgerOf([A, downOnly]);
    const empty = revision("0002_b", { up: "", down: "SELECT 'down';\n" });
    for (const history of [
      [A, downOnly],
      [A, empty],
    ]) {
      expect(moves(plan({ ledger, history }))).toEqual([]);
      expect(moves(plan({ ledger, history, target: "1" }))).toEqual(["down 0002_b"]);
    }
  });

  it("may get an up script for where it is not applied yet, once that is accepted", () => {
    const filled = revision("0002_b", { up: "SELECT 1;\n", down: "SELECT 'down';\n" });
    const request = { history: [A, filled], acceptEdited: ["0002_b"] };
    expect(refusal({ ledger: ledgerOf([A, downOnly]), history: [A, filled] })).toContain("'acceptEdited[0]' 0002_b.");
    expect(moves(plan({ ...request, ledger: ledgerOf([A, downOnly]) }))).toEqual([]);
    expect(moves(plan({ ...request, ledger: ledgerOf([A]) }))).toEqual(["up 0002_b"]);
  });
});

describe("an applied file that was edited", () => {
  const edited = revision("0002_b", { up: "SELECT 'edited';\n", down: B.down?.sql ?? "" });

  it("is refused, with both checksums and the ways out", () => {
    expect(refusal({ ledger: ledgerOf([A, B]), history: [A, edited, C] })).toMatchInlineSnapshot(
      `"0002_b was edited after it was applied in schema "prod": its checksum was 11d260949f578acf131c4053700053ce and is now 3e169cb45113ba0bb94dbae36c21ff80. Restore the file and put the change into a new revision; or roll back to the revision before it, then go forward again with the new text; or leave it as it is where it is applied, and let the new text run elsewhere: pulumi config set --path 'acceptEdited[0]' 0002_b."`,
    );
  });

  it("is refused with nothing else to do, and on the way down to it", () => {
    expect(refusal({ ledger: ledgerOf([A, B]), history: [A, edited] })).toContain("0002_b was edited");
    expect(refusal({ ledger: ledgerOf([A, B, C]), history: [A, edited, C], target: "0002" })).toContain("was edited");
  });

  it("is no obstacle where the config accepts it, nor runs there; others stay protected", () => {
    const request = { ledger: ledgerOf([A, B]), history: [A, edited, C], acceptEdited: ["0002_b"] };
    expect(moves(plan(request))).toEqual(["up 0003_c"]);
    expect(moves(plan({ ...request, ledger: ledgerOf([A]) }))).toEqual(["up 0002_b", "up 0003_c"]);
    expect(refusal({ ...request, acceptEdited: ["0001_a"] })).toContain("'acceptEdited[1]' 0002_b.");
  });

  it("may be rolled back: to edit, go back and forward again is how it is mended", () => {
    const back = plan({ ledger: ledgerOf([A, B, C]), history: [A, edited, C], target: "0001_a" });
    expect(moves(back)).toEqual(["down 0003_c", "down 0002_b"]);
    const forward = plan({ ledger: ledgerOf([A]), history: [A, edited, C] });
    expect(forward.steps[0]).toMatchObject({ script: { sql: "SELECT 'edited';\n" }, checksum: edited.checksum });
  });

  it("is one in its up script: a new down changes nothing that was applied", () => {
    const newDown = revision("0002_b", { up: B.up?.sql ?? "", down: "SELECT 'better';\n" });
    expect(moves(plan({ ledger: ledgerOf([A, B]), history: [A, newDown, C] }))).toEqual(["up 0003_c"]);
  });
});

describe("a revision that only the ledger knows", () => {
  it("is refused on the way to head", () => {
    expect(refusal({ ledger: ledgerOf([A, B, C]), history: [A, B] })).toMatchInlineSnapshot(
      `"Schema "prod" has 0003_c, which the folder lacks (its head is 0002_b). Is this checkout older than the schema, or was a file renamed? Use the newer checkout or restore the file. To roll back, name the revision to go to: pulumi config set target REVISION."`,
    );
  });

  it("is refused where the named target is above it", () => {
    expect(refusal({ ledger: ledgerOf([A, B, C]), history: [A, C, D], target: "0004" })).toMatchInlineSnapshot(
      `"Schema "prod" has 0002_b, which the folder lacks (its head is 0004_d). Is this checkout older than the schema, or was a file renamed? Use the newer checkout or restore the file. To roll back, name the revision to go to: pulumi config set target REVISION."`,
    );
  });

  it("leaves where the named target is below it, by the down in the ledger", () => {
    const back = plan({ ledger: ledgerOf([A, B, C]), history: [A, B], target: "0002_b" });
    expect(back.steps).toMatchObject([
      { direction: "down", revision: "0003_c", source: "ledger", script: { sql: "SELECT 'down 0003_c';\n" } },
    ]);
    expect(moves(plan({ ledger: ledgerOf([A, B, C]), history: [A, B], target: "base" }))).toEqual([
      "down 0003_c",
      "down 0002_b",
      "down 0001_a",
    ]);
  });

  it("cannot leave where it never had a down", () => {
    const ledger = ledgerRows([row(A), row(B, { down: undefined })]);
    expect(refusal({ ledger, history: [A], target: "0001_a" })).toContain("has no down script");
  });

  it("is what a renamed file looks like", () => {
    const renamed = { ...B, id: "0002_bee" };
    expect(refusal({ ledger: ledgerOf([A, B]), history: [A, renamed] })).toMatchInlineSnapshot(
      `"Schema "prod" has 0002_b, which the folder lacks (its head is 0002_bee). Is this checkout older than the schema, or was a file renamed? Use the newer checkout or restore the file. To roll back, name the revision to go to: pulumi config set target REVISION."`,
    );
  });

  it("is refused where the named target is the renamed file: neither down nor up would be meant", () => {
    const renamed = { ...B, id: "0002_bee" };
    expect(refusal({ ledger: ledgerOf([A, B]), history: [A, renamed], target: "0002" })).toContain(
      "or was a file renamed?",
    );
  });
});

describe("a file ordered below what is applied", () => {
  it("is refused", () => {
    expect(refusal({ ledger: ledgerOf([A, C]), history: [A, B, C, D] })).toMatchInlineSnapshot(
      `"Schema "prod" is at 0003_c, and 0002_b would be added below it, after the fact. Give the file a number above the head, or allow it: pulumi config set allowOutOfOrder true."`,
    );
  });

  it("runs where that is allowed", () => {
    const late = plan({ ledger: ledgerOf([A, C]), history: [A, B, C, D], allowOutOfOrder: true });
    expect(moves(late)).toEqual(["up 0002_b", "up 0004_d"]);
  });

  it("is nothing out of order once it is applied", () => {
    expect(plan({ ledger: ledgerOf([A, C, B]), history: [A, B, C] }).steps).toEqual([]);
    expect(moves(plan({ ledger: ledgerOf([A, C, B]), history: HISTORY }))).toEqual(["up 0004_d"]);
  });
});

describe("the down script", () => {
  const newDown = revision("0002_b", { up: B.up?.sql ?? "", down: "SELECT 'better';\n" });
  const request = { ledger: ledgerOf([A, B]), history: [A, newDown], target: "0001_a" };

  it("is refused where the folder's is not the recorded one", () => {
    expect(refusal(request)).toMatchInlineSnapshot(
      `"Schema "prod": migrations/0002_b.down.sql is not the down script that was recorded when 0002_b was applied. Choose one: pulumi config set downFrom folder, or pulumi config set downFrom ledger."`,
    );
  });

  it("is the one that was chosen", () => {
    expect(plan({ ...request, downFrom: "folder" }).steps).toMatchObject([
      { source: "folder", script: { file: "migrations/0002_b.down.sql", sql: "SELECT 'better';\n" } },
    ]);
    expect(plan({ ...request, downFrom: "ledger" }).steps).toMatchObject([
      { source: "ledger", script: { sql: "SELECT 'down 0002_b';\n" } },
    ]);
  });

  it("is the only one there is, whichever was chosen", () => {
    const noneInFolder = { ...request, history: [A, revision("0002_b", { up: B.up?.sql ?? "" })] };
    expect(plan({ ...noneInFolder, downFrom: "folder" }).steps).toMatchObject([{ source: "ledger" }]);
    const noneInLedger = { ...request, ledger: ledgerRows([row(A), row(B, { down: undefined })]) };
    expect(plan({ ...noneInLedger, downFrom: "ledger" }).steps).toMatchObject([{ source: "folder" }]);
  });

  it("that is nowhere is refused", () => {
    const upOnly = revision("0002_b", { up: "SELECT 1;\n" });
    const history = [A, upOnly];
    expect(refusal({ ledger: ledgerOf(history), history, target: "0001_a" })).toMatchInlineSnapshot(
      `"Schema "prod" cannot go down from 0002_b: it has no down script, neither in the folder nor in the ledger. Write one beside the up script, or choose a target at or above this revision."`,
    );
  });

  it("that is nowhere matters only on the way down", () => {
    const upOnly = revision("0002_b", { up: "SELECT 1;\n" });
    const history = [A, upOnly, C];
    expect(moves(plan({ ledger: ledgerOf(history), history, target: "0002_b" }))).toEqual(["down 0003_c"]);
  });
});

describe("a script outside a transaction that was interrupted", () => {
  it("is refused whichever way, with the statements that tell the ledger", () => {
    const ledger = ledgerRows([row(A), row(B, { interrupted: "up", transaction: false })]);
    expect(refusal({ ledger, history: HISTORY })).toMatchInlineSnapshot(`
      "Schema "prod": 0002_b runs outside a transaction and was interrupted on the way up. Look at what it did, finish or undo it by hand, then tell the ledger:
        it is there:     UPDATE "prod".migration_ledger SET outcome = 'done' WHERE revision = '0002_b' AND direction = 'up' AND outcome = 'started';
        it is not there: DELETE FROM "prod".migration_ledger WHERE revision = '0002_b' AND direction = 'up' AND outcome = 'started';"
    `);
    expect(refusal({ ledger, history: HISTORY, target: "base" })).toContain("was interrupted on the way up");
  });

  it("is refused where its script was edited since, even one that could be run again: it is not known what the old text left", () => {
    const [was, is] = ["a", "b"].map((column) =>
      revision("0001_i", {
        up: `CREATE INDEX CONCURRENTLY i ON t (${column});\n`,
        down: "DROP INDEX CONCURRENTLY i;\n",
      }),
    );
    if (!was || !is) throw new Error("no revisions");
    const ledger = ledgerRows([row(was, { interrupted: "up" })]);
    expect(plan({ ledger, history: [was] }).steps).toMatchObject([{ revision: "0001_i", resumes: true }]);
    expect(refusal({ ledger, history: [is] })).toMatchInlineSnapshot(`
      "Schema "prod": 0001_i runs outside a transaction, was interrupted on the way up, and its up script was edited since. Restore the file, and it goes on where it stopped; or undo by hand what the old text did (an index may be left over), then tell the ledger, and the new text runs:
        it is not there: DELETE FROM "prod".migration_ledger WHERE revision = '0001_i' AND direction = 'up' AND outcome = 'started';"
    `);
  });

  it("on the way down, in a schema whose name needs quoting", () => {
    const ledger = ledgerRows(
      [row(revision("0001_it's", { down: "SELECT 1;\n" }), { interrupted: "down" })],
      'Te"nant',
    );
    expect(refusal({ ledger, history: [], target: "base" })).toContain(
      `
  it is there:     DELETE FROM "Te""nant".migration_ledger WHERE revision = '0001_it''s' AND direction = 'down' AND outcome = 'started';
  it is not there: UPDATE "Te""nant".migration_ledger SET outcome = 'done' WHERE revision = '0001_it''s' AND direction = 'down' AND outcome = 'started';`,
    );
  });
});

describe("several problems are told together", () => {
  it("those between ledger and folder", () => {
    const ledger = ledgerRows([
      row(A, { checksum: "0123456789abcdef0123456789abcdef" }),
      row(C),
      row(both("0009_gone")),
    ]);
    const text = refusal({ ledger, history: HISTORY });
    expect(text.split("\n").filter((line) => !line.startsWith(" "))).toEqual([
      expect.stringContaining("0001_a was edited"),
      expect.stringContaining('Schema "prod" has 0009_gone, which the folder lacks'),
      expect.stringContaining("0002_b would be added below it"),
    ]);
  });

  it("those of all scripts on the way", () => {
    const history = [
      A,
      revision("0002_b", { up: "SELEC 1;\n" }),
      revision("0003_c", { up: "COMMIT;\n" }),
      revision("0004_d", { up: "SELECT 1; VACUUM;\n" }),
    ];
    expect(refusal({ ledger: ledgerOf([A]), history })).toMatchInlineSnapshot(`
      "migrations/0002_b.up.sql:1:1: syntax error at or near "SELEC"
        SELEC 1;
        ^
      migrations/0003_c.up.sql:1: "COMMIT" would end or begin a transaction inside the script's own. Remove it: each script runs in one transaction, together with its ledger row. One BEGIN … COMMIT around the whole script is fine.
      migrations/0004_d.up.sql:1: "VACUUM" cannot run in a transaction, but the script also holds statements that should. Move it to a revision of its own, or say that no statement of the script needs one: a line -- migrate:no-transaction."
    `);
  });

  it("those of all downs on the way", () => {
    const [b, c] = [revision("0002_b", { up: "" }), revision("0003_c", { up: "", down: "SELEC 1" })];
    const text = refusal({ ledger: ledgerOf([A, b, c]), history: [A, b, c], target: "0001_a" });
    expect(text).toContain("migrations/0003_c.down.sql:1:1: syntax error");
    expect(text).toContain("cannot go down from 0002_b");
  });

  it("a script that is not on the way is not read", () => {
    const history = [A, B, revision("0003_c", { up: "SELEC 1;\n" })];
    expect(moves(plan({ ledger: ledgerOf([A]), history, target: "0002_b" }))).toEqual(["up 0002_b"]);
  });
});
