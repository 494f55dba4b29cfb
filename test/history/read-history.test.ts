import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readHistory } from "../../src/history/read-history.ts";
import { checksum } from "../../src/history/revision.ts";
import { refused } from "./refused.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "migrations-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

type Files = Readonly<Record<string, string | Uint8Array>>;

function write(files: Files): void {
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), content);
  }
}

function read(files: Files) {
  write(files);
  return readHistory(folder);
}

/** What a refusal says of the folder, wherever it is. */
function refusal(files: Files): string {
  return refused(() => read(files)).replaceAll(folder, "migrations");
}

describe("the layouts", () => {
  it("golang-migrate's: a pair of files a revision", () => {
    const history = read({
      "0001_create_users.up.sql": "CREATE TABLE users ();\n",
      "0001_create_users.down.sql": "DROP TABLE users;\n",
    });
    expect(history).toEqual([
      {
        id: "0001_create_users",
        number: 1n,
        name: "create_users",
        checksum: checksum("CREATE TABLE users ();\n"),
        up: { file: join(folder, "0001_create_users.up.sql"), sql: "CREATE TABLE users ();\n" },
        down: { file: join(folder, "0001_create_users.down.sql"), sql: "DROP TABLE users;\n" },
        transaction: true,
      },
    ]);
  });

  it("diesel's: a folder a revision", () => {
    const history = read({
      "2017-09-23-182408_create_users/up.sql": "CREATE TABLE users ();\n",
      "2017-09-23-182408_create_users/down.sql": "DROP TABLE users;\n",
    });
    expect(history).toEqual([
      {
        id: "2017-09-23-182408_create_users",
        number: 20170923182408n,
        name: "create_users",
        checksum: checksum("CREATE TABLE users ();\n"),
        up: { file: join(folder, "2017-09-23-182408_create_users/up.sql"), sql: "CREATE TABLE users ();\n" },
        down: { file: join(folder, "2017-09-23-182408_create_users/down.sql"), sql: "DROP TABLE users;\n" },
        transaction: true,
      },
    ]);
  });

  it("diesel's metadata.toml may ask for no transaction", () => {
    const history = read({
      "1_asks/up.sql": "",
      "1_asks/metadata.toml": "run_in_transaction = false\n",
      "2_does_not/up.sql": "",
      "2_does_not/metadata.toml": "# nothing said\n",
      "3_says_true/up.sql": "",
      "3_says_true/metadata.toml": "run_in_transaction = true\n",
    });
    expect(history.map(({ id, transaction }) => [id, transaction])).toEqual([
      ["1_asks", false],
      ["2_does_not", true],
      ["3_says_true", true],
    ]);
  });

  it("both mixed in one folder, even within one revision", () => {
    const history = read({
      "0002_flat.up.sql": "SELECT 2;\n",
      "0001_folder/up.sql": "SELECT 1;\n",
      "0001_folder/down.sql": "SELECT -1;\n",
      "0002_folder/down.sql": "SELECT -2;\n",
    });
    expect(history.map(({ id, up, down }) => [id, up?.sql, down?.sql])).toEqual([
      ["0001_folder", "SELECT 1;\n", "SELECT -1;\n"],
      ["0002_flat", "SELECT 2;\n", "SELECT -2;\n"],
    ]);
  });

  it("an empty folder is an empty history", () => {
    expect(readHistory(folder)).toEqual([]);
  });
});

describe("the order", () => {
  const ids = (names: readonly string[]) =>
    read(Object.fromEntries(names.map((name) => [`${name}.up.sql`, ""]))).map(({ id }) => id);

  it("is by number: 2 before 10", () => {
    expect(ids(["10_b", "2_a", "0003_c"])).toEqual(["2_a", "0003_c", "10_b"]);
  });

  it("is by the digits of dates, however they are written", () => {
    expect(ids(["2017-09-23-182408_y", "20170308120000_x", "2018-01-01-000000_z"])).toEqual([
      "20170308120000_x",
      "2017-09-23-182408_y",
      "2018-01-01-000000_z",
    ]);
  });

  it("holds for any numbers and any padding", () => {
    const numbers = fc.uniqueArray(fc.bigInt({ min: 0n, max: 10n ** 20n }), { maxLength: 8 });
    fc.assert(
      fc.property(numbers, fc.nat(6), (unordered, zeros) => {
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder);
        const files = unordered.map((number, index) => [`${"0".repeat((index * zeros) % 7)}${number}_x.up.sql`, ""]);
        const ordered = unordered.toSorted((a, b) => (a < b ? -1 : 1));
        expect(read(Object.fromEntries(files)).map(({ number }) => number)).toEqual(ordered);
      }),
      { numRuns: 50 },
    );
  });
});

describe("surprises of real histories", () => {
  it("up and down with different names: the number pairs them, the up names them", () => {
    const history = read({
      "0007_create_payments.up.sql": "SELECT 1;\n",
      "7_drop_payments.down.sql": "SELECT 2;\n",
    });
    expect(history).toMatchObject([
      {
        id: "0007_create_payments",
        name: "create_payments",
        up: { file: join(folder, "0007_create_payments.up.sql") },
        down: { file: join(folder, "7_drop_payments.down.sql") },
      },
    ]);
  });

  it("spaces and dots in names", () => {
    const history = read({ "0001 create users.up.sql": "", "0002_v1.2 final.up.sql": "" });
    expect(history.map(({ id, name }) => [id, name])).toEqual([
      ["0001 create users", "create users"],
      ["0002_v1.2 final", "v1.2 final"],
    ]);
  });

  it("CRLF, a BOM: text and checksum are those of the LF file", () => {
    const lf = "SELECT 1;\nSELECT 'é';\n";
    const [unix, windows, bom] = read({
      "1_lf.up.sql": lf,
      "2_crlf.up.sql": lf.replaceAll("\n", "\r\n"),
      "3_bom.up.sql": `\uFEFF${lf}`,
    });
    expect(unix?.up?.sql).toBe(lf);
    expect(windows).toMatchObject({ up: { sql: lf }, checksum: unix?.checksum });
    expect(bom).toMatchObject({ up: { sql: lf }, checksum: unix?.checksum });
  });

  it("no newline at the end: the text stays as it is", () => {
    const [revision] = read({ "1_x.up.sql": "SELECT 1" });
    expect(revision?.up?.sql).toBe("SELECT 1");
    expect(revision?.checksum).toBe(checksum("SELECT 1"));
  });

  it("a script without any statement is a revision like any other", () => {
    expect(read({ "1_x.up.sql": "" })).toMatchObject([{ id: "1_x", up: { sql: "" } }]);
  });

  it("a number with only an up", () => {
    const [revision] = read({ "1_x.up.sql": "SELECT 1;\n" });
    expect(revision).toMatchObject({ id: "1_x", up: { sql: "SELECT 1;\n" } });
    expect(revision).not.toHaveProperty("down");
  });

  it("a number with only a down is named by it, with the checksum of nothing", () => {
    const [revision] = read({ "1_x.down.sql": "SELECT 1;\n" });
    expect(revision).toMatchObject({ id: "1_x", name: "x", checksum: checksum(""), down: { sql: "SELECT 1;\n" } });
    expect(revision).not.toHaveProperty("up");
  });

  it("the checksum is the up script's alone", () => {
    const [before] = read({ "1_x.up.sql": "SELECT 1;\n", "1_x.down.sql": "SELECT 2;\n" });
    const [downEdited] = read({ "1_x.down.sql": "SELECT 3;\n" });
    const [upEdited] = read({ "1_x.up.sql": "SELECT 4;\n" });
    expect(downEdited?.checksum).toBe(before?.checksum);
    expect(upEdited?.checksum).not.toBe(before?.checksum);
  });

  it("hidden files, files that are not SQL and folders without scripts are left alone", () => {
    const history = read({
      "0001_x.up.sql": "",
      ".0002_draft.up.sql": "",
      ".DS_Store": "",
      ".git/up.sql": "",
      "README.md": "",
      "0003_x.up.sql.bak": "",
      "docs/notes.txt": "",
      "docs/0004_nested.up.sql": "",
    });
    expect(history.map(({ id }) => id)).toEqual(["0001_x"]);
  });
});

describe("refused", () => {
  it("a name without a number", () => {
    expect(refusal({ "create_users.up.sql": "" })).toMatchInlineSnapshot(
      `"migrations/create_users.up.sql: the name has no number to order it by. Name it like 0007_add_cpf.up.sql."`,
    );
  });

  it("a file that does not say its direction", () => {
    expect(refusal({ "0001_x.sql": "" })).toMatchInlineSnapshot(
      `"migrations/0001_x.sql: is it the way up or down? Name it ….up.sql or ….down.sql."`,
    );
  });

  it("of numbers whose dashes say another order than their digits", () => {
    expect(
      refusal({ "2024-01-15-120000_create/up.sql": "SELECT 1", "2024-03-01_alter/up.sql": "SELECT 2" }),
    ).toMatchInlineSnapshot(
      `"By their digits "2024-03-01_alter" comes before "2024-01-15-120000_create", by the groups between the dashes behind it. Which goes first? Name both alike, with as many digits in each group."`,
    );
    expect(refusal({ "1-1_a.up.sql": "SELECT 1", "1-10_b.up.sql": "SELECT 2", "2-1_c.up.sql": "SELECT 3" })).toContain(
      '"2-1_c" comes before "1-10_b"',
    );
  });

  it("but not where both say the same, however long they are", () => {
    const files = [
      "00000000000000_setup",
      "2023-11-30_a",
      "2024-03-01-120000_b",
      "2024-03-01-120001_c",
      "20250101000000_d",
    ];
    expect(read(Object.fromEntries(files.map((stem) => [`${stem}.up.sql`, "SELECT 1"]))).map(({ id }) => id)).toEqual(
      files,
    );
  });

  it("two ups of one number", () => {
    expect(refusal({ "0010_add_cpf.up.sql": "", "0010_add_cep.up.sql": "" })).toMatchInlineSnapshot(
      `"Number 10 is used by migrations/0010_add_cep.up.sql and migrations/0010_add_cpf.up.sql. Which goes first? Give one of them the next free number."`,
    );
  });

  it("two ups of one number, written differently or in different layouts", () => {
    expect(refusal({ "0010_a.up.sql": "", "10_b.up.sql": "", "010_c/up.sql": "" })).toMatchInlineSnapshot(
      `"Number 10 is used by migrations/0010_a.up.sql, migrations/010_c/up.sql and migrations/10_b.up.sql. Which goes first? Give one of them the next free number."`,
    );
  });

  it("two downs of one number", () => {
    expect(refusal({ "1_a.up.sql": "", "1_a.down.sql": "", "01_b.down.sql": "" })).toMatchInlineSnapshot(
      `"Number 1 is used by migrations/01_b.down.sql and migrations/1_a.down.sql. Which goes first? Give one of them the next free number."`,
    );
  });

  it("a metadata.toml with a value that means nothing", () => {
    expect(
      refusal({ "0001_x/up.sql": "", "0001_x/metadata.toml": 'run_in_transaction = "no"\n' }),
    ).toMatchInlineSnapshot(`"migrations/0001_x/metadata.toml: not understood. run_in_transaction is true or false."`);
  });

  it("a metadata.toml that is no TOML, with the place in it", () => {
    const text = refusal({ "0001_x/up.sql": "", "0001_x/metadata.toml": "run_in_transaction\n" });
    expect(text).toContain("migrations/0001_x/metadata.toml: not understood.");
    expect(text).toMatch(/^1: {2}run_in_transaction\n *\^$/m);
  });

  it.each([
    ["2-b.up.sql", "2_b.up.sql"],
    ["2b.up.sql", "2_b.up.sql"],
    ["2024-01-15-b.down.sql", "2024-01-15_b.down.sql"],
    ["0002.b.up.sql", "0002_b.up.sql"],
    ["3-c/up.sql", "3_c"],
  ])("%s, which has a number and no _ behind it", (file, meant) => {
    const [named] = file.split("/");
    expect(refusal({ [file]: "" })).toBe(`migrations/${named}: a _ is missing behind the number. Name it ${meant}.`);
  });

  it("all of a folder's problems together", () => {
    const text = refusal({
      "create_users.up.sql": "",
      "0001_x.sql": "",
      "0010_a.up.sql": "",
      "10_b.up.sql": "",
      "0011_c/up.sql": "",
      "0011_c/metadata.toml": "run_in_transaction = 1\n",
    });
    expect(text).toMatchInlineSnapshot(`
      "migrations/0001_x.sql: is it the way up or down? Name it ….up.sql or ….down.sql.
      migrations/0011_c/metadata.toml: not understood. run_in_transaction is true or false.
      migrations/create_users.up.sql: the name has no number to order it by. Name it like 0007_add_cpf.up.sql.
      Number 10 is used by migrations/0010_a.up.sql and migrations/10_b.up.sql. Which goes first? Give one of them the next free number."
    `);
  });

  it("a missing folder", () => {
    expect(refused(() => readHistory("no/such/migrations"))).toMatchInlineSnapshot(
      `"The migrations folder "no/such/migrations" does not exist. Create it, or name another: pulumi config set migrations FOLDER."`,
    );
  });
});
