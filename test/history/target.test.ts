import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseStem } from "../../src/history/revision.ts";
import { acceptedIds, idAt, isRelative, resolveTarget } from "../../src/history/target.ts";
import { historyOf } from "../support/history.ts";
import { problemsOf, refused } from "./refused.ts";

const IDS = [
  "0001_create_users",
  "0002_create_services",
  "0003_8285db59cac3_backfill",
  "0010_add_cpf",
  "0011_add_cpf_and_address",
  "0012_2024_report",
];

const at = (position: number) => ({ kind: "position", position, explicit: true });

describe("a target resolves", () => {
  it("head: after the last revision, not an explicit place", () => {
    expect(resolveTarget(IDS, "head")).toEqual({ kind: "position", position: 6, explicit: false });
    expect(resolveTarget([], "head")).toEqual({ kind: "position", position: 0, explicit: false });
  });

  it("base: before the first", () => {
    expect(resolveTarget(IDS, "base")).toEqual(at(0));
  });

  it.each([
    ["a full id", "0010_add_cpf", 4],
    ["a number", "10", 4],
    ["a number as it is padded", "0010", 4],
    ["a number with more zeros", "000010", 4],
    ["a name", "create_services", 2],
    ["a name that another one begins with", "add_cpf", 4],
    ["the unique beginning of an id", "0003_82", 3],
    ["the unique beginning of a name", "8285db59cac3", 3],
    ["a beginning one character longer than the ambiguous one", "create_u", 1],
    ["an exact number rather than the beginning of ids", "1", 1],
    ["the beginning of a name that looks like a number", "2024", 6],
  ])("%s: %s", (_, text, position) => {
    expect(resolveTarget(IDS, text)).toEqual(at(position));
  });

  it("the digits of a date without its dashes, and the date with them", () => {
    const ids = ["2017-09-23-182408_users", "2017-09-24-000000_posts"];
    expect(resolveTarget(ids, "20170923182408")).toEqual(at(1));
    expect(resolveTarget(ids, "2017-09-24")).toEqual(at(2));
  });

  it("-1 and +2: steps from wherever a schema is", () => {
    expect(resolveTarget(IDS, "-1")).toEqual({ kind: "relative", steps: -1 });
    expect(resolveTarget(IDS, "+2")).toEqual({ kind: "relative", steps: 2 });
    expect(resolveTarget([], "+2")).toEqual({ kind: "relative", steps: 2 });
  });

  it("an id before a number, a number before a name, a name before a beginning", () => {
    expect(resolveTarget(["1_7", "7", "8_1"], "7")).toEqual(at(2));
    expect(resolveTarget(["1_7", "07_x"], "7")).toEqual(at(2));
    expect(resolveTarget(["1_add", "2_add_more"], "add")).toEqual(at(1));
  });
});

describe("only a sign and digits are a step", () => {
  it.each(["-1", "+2", "-10"])("%s is", (text) => expect(isRelative(text)).toBe(true));
  it.each(["1", "", "+", "--1", "-1x", "+1.5", "head-1"])("%j is not", (text) => expect(isRelative(text)).toBe(false));
});

describe("revisions whose edits are accepted", () => {
  const history = historyOf({ "0001_users": "", "0002_u": "", "0003_up": "" });

  it("are named as a target names one", () => {
    expect(acceptedIds(history, ["2", "users", "0003"])).toEqual(["0002_u", "0001_users", "0003_up"]);
  });

  it("are no places that are not revisions, and told all together", () => {
    expect(refused(() => acceptedIds(history, ["0002_x", "head", "u", "user", "000", "-1"]))).toMatchInlineSnapshot(`
      "acceptEdited "0002_x" is not in the history, whose head is 0003_up. Did you mean 0002_u, 0001_users or 0003_up? It wants a revision's id, number, name or the beginning of one.
      acceptEdited "head" is not in the history, whose head is 0003_up. It wants a revision's id, number, name or the beginning of one.
      acceptEdited "000" fits 0001_users, 0002_u and 0003_up. Write more of the one you mean.
      acceptEdited "-1" is not in the history, whose head is 0003_up. It wants a revision's id, number, name or the beginning of one."
    `);
  });
});

describe("refused", () => {
  const refusal = (text: string, ids: readonly string[] = IDS) => refused(() => resolveTarget(ids, text));

  it("an unknown name, with near ones", () => {
    expect(refusal("ad_cpf_and_adress")).toMatchInlineSnapshot(
      `"Target "ad_cpf_and_adress" is not in the history, whose head is 0012_2024_report. Did you mean 0011_add_cpf_and_address? A target is head, base, a revision's id, number, name or the beginning of one, or a step like -1."`,
    );
  });

  it("an unknown revision hash, with the near one", () => {
    expect(refusal("8285db59cac4")).toMatchInlineSnapshot(
      `"Target "8285db59cac4" is not in the history, whose head is 0012_2024_report. Did you mean 0003_8285db59cac3_backfill? A target is head, base, a revision's id, number, name or the beginning of one, or a step like -1."`,
    );
  });

  it("a name in the wrong case: what it holds comes first", () => {
    expect(refusal("8285DB59CAC3")).toMatchInlineSnapshot(
      `"Target "8285DB59CAC3" is not in the history, whose head is 0012_2024_report. Did you mean 0003_8285db59cac3_backfill? A target is head, base, a revision's id, number, name or the beginning of one, or a step like -1."`,
    );
  });

  it("an unknown name with none near", () => {
    expect(refusal("drop_everything_now")).toMatchInlineSnapshot(
      `"Target "drop_everything_now" is not in the history, whose head is 0012_2024_report. A target is head, base, a revision's id, number, name or the beginning of one, or a step like -1."`,
    );
  });

  it("anything in an empty history", () => {
    expect(refusal("0001", [])).toMatchInlineSnapshot(
      `"Target "0001" is not in the history, whose head is base. A target is head, base, a revision's id, number, name or the beginning of one, or a step like -1."`,
    );
  });

  it("a beginning that several share", () => {
    expect(refusal("create")).toMatchInlineSnapshot(
      `"Target "create" fits 0001_create_users and 0002_create_services. Write more of the one you mean."`,
    );
  });

  it("a name that two revisions have", () => {
    expect(refusal("add_index", ["0001_add_index", "0002_add_index", "0003_add_index_too"])).toMatchInlineSnapshot(
      `"Target "add_index" fits 0001_add_index and 0002_add_index. Write more of the one you mean."`,
    );
  });

  it("an empty text, which every id begins with", () => {
    expect(refusal("")).toContain('Target "" is not in the history');
    expect(refusal("", ["0001_only_one"])).toContain('Target "" is not in the history');
  });
});

it("a position is told by the revision it is after", () => {
  expect([0, 1, 6].map((position) => idAt(IDS, position))).toEqual(["base", "0001_create_users", "0012_2024_report"]);
});

describe("whatever the history", () => {
  const name = fc.stringMatching(/^[a-c][a-c_]{0,5}$/);
  const histories = fc
    .uniqueArray(fc.record({ number: fc.nat(300), padding: fc.nat(3), name }), {
      selector: ({ number }) => number,
      minLength: 1,
      maxLength: 10,
    })
    .map((all) =>
      all
        .toSorted((a, b) => a.number - b.number)
        .map((each) => `${"0".repeat(each.padding)}${each.number}_${each.name}`),
    );

  it("an id resolves to itself", () => {
    fc.assert(
      fc.property(histories, (ids) => {
        expect(ids.map((id) => resolveTarget(ids, id))).toEqual(ids.map((_, index) => at(index + 1)));
      }),
    );
  });

  it("a number resolves to its revision, with any zeros before it", () => {
    fc.assert(
      fc.property(histories, fc.nat(5), (ids, zeros) => {
        const numbers = ids.map((id) => `${"0".repeat(zeros)}${parseStem(id)?.number}`);
        expect(numbers.map((number) => resolveTarget(ids, number))).toEqual(ids.map((_, index) => at(index + 1)));
      }),
    );
  });

  it("a name resolves to its revision where no other has it, and is refused where one has", () => {
    fc.assert(
      fc.property(histories, (ids) => {
        const names = ids.map((id) => id.slice(id.indexOf("_") + 1));
        names.forEach((each, index) => {
          if (names.filter((other) => other === each).length === 1) {
            expect(resolveTarget(ids, each)).toEqual(at(index + 1));
          } else {
            expect(refused(() => resolveTarget(ids, each))).toContain("fits");
          }
        });
      }),
    );
  });

  it("a beginning resolves where it is unique; else the refusal names all it fits and nothing else", () => {
    fc.assert(
      fc.property(histories, fc.nat(), fc.nat(), fc.boolean(), (ids, which, length, ofName) => {
        const id = ids[which % ids.length] ?? "";
        const whole = ofName ? id.slice(id.indexOf("_") + 1) : id;
        const text = whole.slice(0, 1 + (length % whole.length));
        const nameOf = (each: string) => each.slice(each.indexOf("_") + 1);
        fc.pre(!ids.some((each) => [each, nameOf(each)].includes(text) || Number(text) === Number.parseInt(each, 10)));
        const fits = ids.filter((each) => each.startsWith(text) || nameOf(each).startsWith(text));
        if (fits.length === 1) {
          expect(resolveTarget(ids, text)).toEqual(at(ids.indexOf(id) + 1));
        } else {
          expect(problemsOf(() => resolveTarget(ids, text))).toEqual([
            { code: "ambiguous-target", key: "target", target: text, candidates: fits },
          ]);
        }
      }),
    );
  });

  it("a text is resolved or refused, never anything else", () => {
    fc.assert(
      fc.property(histories, fc.string(), (ids, text) => {
        try {
          const target = resolveTarget(ids, text);
          if (target.kind === "position") expect(target.position).toBeLessThanOrEqual(ids.length);
          else expect(text).toMatch(/^[+-]\d+$/);
        } catch (error) {
          expect(error).toMatchObject({ name: "Refusal" });
        }
      }),
    );
  });
});
