import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checksum, compareIds, normalise, parseStem } from "../../src/history/revision.ts";

describe("a file name's stem", () => {
  it.each([
    ["0001_create_users", 1n, "create_users"],
    ["10_add_cpf", 10n, "add_cpf"],
    ["0000_initial", 0n, "initial"],
    ["0001", 1n, ""],
    ["0001_", 1n, ""],
    ["0001__x", 1n, "_x"],
    ["0012 add cpf and address", 12n, "add cpf and address"],
    ["20170308120000_create_posts", 20170308120000n, "create_posts"],
    ["2017-09-23-182408_create_users", 20170923182408n, "create_users"],
    ["0009_8285db59cac3_backfill", 9n, "8285db59cac3_backfill"],
    ["99999999999999999999999_beyond_64_bits", 99999999999999999999999n, "beyond_64_bits"],
  ])("%s is number %s, name %j", (stem, number, name) => {
    expect(parseStem(stem)).toEqual({ number, name });
  });

  it.each(["create_users", "", "_0001_x", "V1__create_users", "-1_x", "0001create_users", "1.2_x", "8285db59cac3_x"])(
    "%j has no number",
    (stem) => {
      expect(parseStem(stem)).toBeUndefined();
    },
  );
});

describe("order of ids", () => {
  it("is by number, not by text", () => {
    const ids = ["10_c", "2_b", "2017-09-23-182408_e", "20170308120000_d", "0001_a"];
    expect(ids.toSorted(compareIds)).toEqual(["0001_a", "2_b", "10_c", "20170308120000_d", "2017-09-23-182408_e"]);
  });

  it("puts ids without a number first and finds equal numbers equal", () => {
    expect(compareIds("manual", "0000_x")).toBe(-1);
    expect(compareIds("0010_a", "10_b")).toBe(0);
  });
});

describe("a script's text", () => {
  it("loses its BOM and the CR of each line end, and nothing else", () => {
    expect(normalise("\uFEFFSELECT 1;\r\nSELECT '\r \uFEFF';\r\n")).toBe("SELECT 1;\nSELECT '\r \uFEFF';\n");
  });

  it("has the checksum that stands in every ledger already written", () => {
    expect(checksum("CREATE TABLE users ();\n")).toBe("cb53a9a15bde06f0dad226cd04c03944");
    expect(checksum("")).toBe("e3b0c44298fc1c149afbf4c8996fb924");
  });

  it("has one checksum, whichever line ends the checkout made", () => {
    const line = fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replaceAll(/[\r\n\uFEFF]/g, ""));
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        expect(checksum(normalise(`\uFEFF${lines.join("\r\n")}`))).toBe(checksum(lines.join("\n")));
      }),
    );
  });
});
