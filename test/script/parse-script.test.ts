import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ParsedScript, parseScript } from "../../src/script/parse-script.ts";
import { refused } from "../history/refused.ts";

const parse = (sql: string, transaction?: boolean): ParsedScript =>
  parseScript({ file: "migrations/0001_x.up.sql", sql }, transaction);

const statements = (sql: string): readonly string[] => parse(sql).statements.map((statement) => statement.sql);

/** Line and text of each statement. */
const lines = (sql: string) => parse(sql).statements.map((statement) => [statement.line, statement.sql]);

const refusal = (sql: string, transaction?: boolean): string => refused(() => parse(sql, transaction));

describe("a script is split by PostgreSQL's own parser", () => {
  it.each([
    ["at semicolons", "SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]],
    ["without a last semicolon", "SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]],
    ["past empty statements", ";;SELECT 1;; ;SELECT 2;;", ["SELECT 1", "SELECT 2"]],
    ["not in a string", "SELECT 'a;b'; SELECT 2", ["SELECT 'a;b'", "SELECT 2"]],
    ["not in a string with a doubled quote", "SELECT 'it''s;'; SELECT 2", ["SELECT 'it''s;'", "SELECT 2"]],
    ["not in an escape string", "SELECT E'\\';'; SELECT 2", ["SELECT E'\\';'", "SELECT 2"]],
    ["not in a quoted name", 'SELECT 1 AS "a;b"; SELECT 2', ['SELECT 1 AS "a;b"', "SELECT 2"]],
    ["not in dollar quotes", "SELECT $$a;$b$;$$; SELECT 2", ["SELECT $$a;$b$;$$", "SELECT 2"]],
    ["not in nested dollar quotes", "SELECT $a$;$b$;$b$;$a$; SELECT 2", ["SELECT $a$;$b$;$b$;$a$", "SELECT 2"]],
    ["not in a line comment", "SELECT 1 -- a;b\n; SELECT 2", ["SELECT 1 -- a;b", "SELECT 2"]],
    ["not in a nested comment", "SELECT /* ; /* ; */ ; */ 1; SELECT 2", ["SELECT /* ; /* ; */ ; */ 1", "SELECT 2"]],
    [
      "not in an SQL body",
      "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 3",
      ["CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END", "SELECT 3"],
    ],
    [
      "not in a rule's list",
      "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3",
      ["CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "SELECT 3"],
    ],
  ])("%s", (_, sql, expected) => {
    expect(statements(sql)).toEqual(expected);
  });

  it.each(["", "\n", ";;", "-- only a comment", "/* and\nanother */\n;\n"])("%j has no statement", (sql) => {
    expect(parse(sql)).toEqual({ file: "migrations/0001_x.up.sql", mode: "transaction", statements: [], sql });
  });

  it("leaves the text that runs as it is, comments and all", () => {
    const sql = "-- why\nSELECT 1; -- and\n\nSELECT 2";
    expect(parse(sql).sql).toBe(sql);
  });
});

describe("where a statement is", () => {
  it("its line, past comments, blank lines and statements of several lines", () => {
    const sql = "-- first\n\n/* two\nlines */ SELECT 1;\nSELECT\n  2; SELECT 3;\n\n-- last\nSELECT 4\n";
    expect(lines(sql)).toEqual([
      [4, "SELECT 1"],
      [5, "SELECT\n  2"],
      [6, "SELECT 3"],
      [9, "SELECT 4"],
    ]);
  });

  it("its start, whatever stands before it in UTF-8", () => {
    const sql = "-- ü € 😀\nSELECT 'ü€😀';\nSELECT 2; /* 😀 */ SELECT 3;";
    const parsed = parse(sql);
    expect(parsed.statements.map(({ start, line }) => [line, sql.slice(start, start + 8)])).toEqual([
      [2, "SELECT '"],
      [3, "SELECT 2"],
      [3, "SELECT 3"],
    ]);
    expect(parsed.statements.map((statement) => statement.sql)).toEqual(["SELECT 'ü€😀'", "SELECT 2", "SELECT 3"]);
  });

  it("holds for any texts in between: the script at its start is the statement", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 10 }).map((each) => each.replaceAll(/['\\\0]/g, ""));
    const gap = fc.constantFrom("", "\n", " ", "-- ; é\n", "/* 😀; */", ";");
    fc.assert(
      fc.property(fc.array(fc.tuple(gap, text), { maxLength: 6 }), (parts) => {
        const expected = parts.map(([, literal]) => `SELECT '${literal}'`);
        const sql = parts.map(([before], index) => `${before}${expected[index]};`).join("");
        const found = parse(sql).statements;
        expect(found.map((statement) => statement.sql)).toEqual(expected);
        for (const { start, line, sql: own } of found) {
          expect(sql.startsWith(own, start)).toBe(true);
          expect(line).toBe(sql.slice(0, start).split("\n").length);
        }
      }),
    );
  });
});

describe("a script wrapped whole in one transaction", () => {
  it.each([
    ["BEGIN", "COMMIT"],
    ["begin", "end"],
    ["BEGIN WORK", "COMMIT WORK"],
    ["BEGIN TRANSACTION", "END TRANSACTION"],
    ["START TRANSACTION", "COMMIT"],
  ])("%s … %s: the wrapper is blanked, every other character stays where it was", (begin, commit) => {
    const sql = `-- why\n${begin};\nSELECT 1;\n${commit};\n-- done\n`;
    const parsed = parse(sql);
    const spaces = (text: string) => " ".repeat(text.length + 1);
    expect(parsed.sql).toBe(`-- why\n${spaces(begin)}\nSELECT 1;\n${spaces(commit)}\n-- done\n`);
    expect(parsed).toMatchObject({ mode: "transaction", statements: [{ sql: "SELECT 1", line: 3 }] });
  });

  it("with multibyte text before it and no last semicolon", () => {
    const parsed = parse("-- ü😀\nBEGIN;\nSELECT 'ü';\nCOMMIT");
    expect(parsed.sql).toBe("-- ü😀\n      \nSELECT 'ü';\n      ");
    expect(parsed.statements.map(({ start }) => parsed.sql.slice(start, start + 10))).toEqual(["SELECT 'ü'"]);
  });

  it("with its parts over several lines: the lines stay", () => {
    expect(parse("BEGIN\nWORK\n;\nSELECT 1;\nCOMMIT;").sql).toMatch(/^ {5}\n {4}\n;?\nSELECT 1;\n {7}$/);
  });

  it("what it held is parsed to nothing but its statements", () => {
    expect(statements(parse("BEGIN; SELECT 1; SELECT 2; COMMIT;").sql)).toEqual(["SELECT 1", "SELECT 2"]);
  });

  it("with nothing in it has no statement", () => {
    expect(parse("BEGIN;\nCOMMIT;\n")).toMatchObject({ mode: "transaction", statements: [] });
  });
});

describe("transaction control elsewhere is refused, with its line", () => {
  it.each([
    ["a COMMIT in the middle", "BEGIN;\nSELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\nCOMMIT;"],
    ["a COMMIT without a BEGIN", "SELECT 1;\nCOMMIT;"],
    ["a BEGIN without a COMMIT", "BEGIN;\nSELECT 1;"],
    ["a BEGIN that is not first", "SELECT 1;\nBEGIN;\nSELECT 2;\nCOMMIT;"],
    ["a COMMIT that is not last", "BEGIN;\nSELECT 1;\nCOMMIT;\nSELECT 2;"],
    ["a ROLLBACK at the end", "BEGIN;\nSELECT 1;\nROLLBACK;"],
    ["an isolation level, which would be lost", "BEGIN ISOLATION LEVEL SERIALIZABLE;\nSELECT 1;\nCOMMIT;"],
    ["AND CHAIN, which would begin another", "BEGIN;\nSELECT 1;\nCOMMIT AND CHAIN;"],
    ["PREPARE TRANSACTION", "SELECT 1;\nPREPARE TRANSACTION 'x';"],
    ["alone", "COMMIT;"],
  ])("%s", (_, sql) => {
    expect(refusal(sql)).toMatch(
      /^migrations\/0001_x\.up\.sql:\d: ".*" would end or begin a transaction inside the script's own\./,
    );
  });

  it("in its words", () => {
    expect(refusal("BEGIN;\nSELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\nCOMMIT;")).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:3: "COMMIT" would end or begin a transaction inside the script's own. Remove it: each script runs in one transaction, together with its ledger row. One BEGIN … COMMIT around the whole script is fine."`,
    );
  });

  it("outside a transaction too", () => {
    expect(refusal("CREATE INDEX CONCURRENTLY ON a (b);\nROLLBACK;", false)).toContain(":2:");
  });

  it("words of a function's body are not transaction control", () => {
    expect(parse("CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$").mode).toBe("transaction");
  });
});

describe("what would take the lock and the search path from under a script is refused", () => {
  it.each(["DISCARD ALL;", "-- migrate:no-transaction\nSELECT 1;\nDISCARD ALL;\nCREATE TABLE t (id int);"])(
    "%s",
    (sql) => {
      expect(refusal(sql)).toContain('"DISCARD ALL" would let go of the lock');
    },
  );

  it.each(["RESET ALL", "RESET search_path", "SET search_path TO DEFAULT", 'SET LOCAL "Search_Path" = DEFAULT'])(
    "%s, with something behind it",
    (sql) => {
      expect(refusal(`${sql}; CREATE TABLE t (id int);`)).toContain("would take the search path back");
      expect(statements(`CREATE TABLE t (id int); ${sql};`)).toHaveLength(2);
      expect(statements(`BEGIN; CREATE TABLE t (id int); ${sql}; COMMIT;`)).toHaveLength(2);
    },
  );

  it("but not what resets another setting", () => {
    expect(
      statements("RESET lock_timeout; SET lock_timeout TO DEFAULT; SET search_path = public; SELECT 1"),
    ).toHaveLength(4);
  });

  it.each([
    "SELECT pg_advisory_unlock_all()",
    "DO $$ BEGIN END $$; SELECT 1 WHERE (pg_catalog.PG_ADVISORY_unlock_all()) IS NULL",
  ])("%s", (sql) => {
    expect(refusal(sql)).toContain("would let go of the lock on the schema, and another run could begin");
  });

  it("but not the word in a text", () => {
    expect(statements("COMMENT ON TABLE t IS 'pg_advisory_unlock_all()'")).toHaveLength(1);
  });

  it("in its words", () => {
    expect(refusal("SELECT pg_advisory_unlock_all()")).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:1: "SELECT pg_advisory_unlock_all()" would let go of the lock on the schema, and another run could begin. Let go of a lock of your own by its key: pg_advisory_unlock(KEY)."`,
    );
    expect(refusal("RESET ALL; SELECT 1")).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:1: "RESET ALL" would take the search path back to the server's own, and what comes behind it would run in another schema. Move it to the end, or reset by name what the script has set."`,
    );
    expect(refusal("DISCARD ALL")).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:1: "DISCARD ALL" would let go of the lock on the schema, and what comes behind it would run in another one. Remove it: each script finds a session as new."`,
    );
  });
});

describe("savepoints", () => {
  const script = "SAVEPOINT a; SELECT 1; ROLLBACK TO a; RELEASE a;";

  it("work in the script's transaction", () => {
    expect(parse(script)).toMatchObject({ mode: "transaction" });
    expect(statements(script)).toHaveLength(4);
  });

  it("are refused outside one, where PostgreSQL has none to set them in", () => {
    expect(refusal(`-- migrate:no-transaction\n${script}`)).toContain('0001_x.up.sql:2: "SAVEPOINT a"');
  });

  it("is refused outside of one, with what is true there", () => {
    const batches =
      "-- migrate:no-transaction\nBEGIN;\nUPDATE t SET a = 1;\nCOMMIT;\nBEGIN;\nUPDATE t SET b = 1;\nCOMMIT;";
    expect(refusal(batches)).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:2: "BEGIN" belongs to a transaction, and this script runs outside of one, each statement on its own. Remove it. What has to hold together is one statement (a DO block is one), or a revision of its own; for batches see docs/typescript.md."`,
    );
  });
});

describe("a script runs outside a transaction, statement by statement", () => {
  it.each([
    "CREATE INDEX CONCURRENTLY ON users (cep)",
    "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS u ON users (cep)",
    "DROP INDEX CONCURRENTLY users_cep",
    "REINDEX INDEX CONCURRENTLY users_cep",
    "REINDEX (CONCURRENTLY, VERBOSE) TABLE users",
    "REINDEX DATABASE",
    "REINDEX SCHEMA prod",
    "REINDEX SYSTEM",
    "ALTER TABLE measures DETACH PARTITION old CONCURRENTLY",
    "VACUUM users",
    "VACUUM (ANALYZE)",
    "CLUSTER",
    "CREATE DATABASE other",
    "DROP DATABASE other",
    "CREATE TABLESPACE fast LOCATION '/mnt'",
    "DROP TABLESPACE fast",
    "ALTER SYSTEM SET work_mem = '1MB'",
    "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
    "DROP SUBSCRIPTION s",
  ])("where PostgreSQL refuses each of its statements in one: %s", (sql) => {
    expect(parse(sql).mode).toBe("autocommit");
    expect(parse(`${sql};\n-- twice\n${sql};`).mode).toBe("autocommit");
  });

  it.each([
    "CREATE INDEX ON users (cep)",
    "DROP INDEX users_cep",
    "REINDEX TABLE users",
    "ALTER TABLE measures DETACH PARTITION old",
    "ANALYZE users",
    "CLUSTER users USING users_cep",
    "DISCARD TEMP",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY totals",
    "ALTER TYPE status ADD VALUE 'new'",
    "SELECT 'CREATE INDEX CONCURRENTLY ON users (cep)'",
  ])("but inside where PostgreSQL takes it there: %s", (sql) => {
    expect(parse(sql).mode).toBe("transaction");
  });

  it.each([
    "-- migrate:no-transaction\nSELECT 1;",
    "--migrate:no-transaction\nSELECT 1;",
    "SELECT 1;\n  --   migrate:no-transaction: it takes hours\n",
  ])("where a comment says so: %j", (sql) => {
    expect(parse(sql).mode).toBe("autocommit");
  });

  it.each([
    "SELECT '-- migrate:no-transaction';",
    "SELECT $$\n-- migrate:no-transaction\n$$;",
    'SELECT 1 AS "-- migrate:no-transaction";',
    "/*\n-- migrate:no-transaction\n*/ SELECT 1;",
    "-- about migrate:no-transaction\nSELECT 1;",
    "-- migrate:no-transactions\nSELECT 1;",
  ])("not where something else only holds these words: %j", (sql) => {
    expect(parse(sql).mode).toBe("transaction");
  });

  it("where its revision says so", () => {
    expect(parse("SELECT 1; SELECT 2;", false).mode).toBe("autocommit");
    expect(parse("", false).mode).toBe("autocommit");
  });

  it("with statements that should be in one only where that is said", () => {
    const mix = "ALTER TABLE users ADD COLUMN cep text;\nCREATE INDEX CONCURRENTLY ON users (cep);\n";
    expect(refusal(mix)).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:2: "CREATE INDEX CONCURRENTLY ON users (cep)" cannot run in a transaction, but the script also holds statements that should. Move it to a revision of its own, or say that no statement of the script needs one: a line -- migrate:no-transaction."`,
    );
    expect(parse(`-- migrate:no-transaction\n${mix}`).mode).toBe("autocommit");
    expect(parse(mix, false).mode).toBe("autocommit");
  });

  it("is refused for a wrapped script: the wrapper asks for a transaction", () => {
    expect(refusal("BEGIN;\nCREATE INDEX CONCURRENTLY ON users (cep);\nCOMMIT;")).toContain(
      ':2: "CREATE INDEX CONCURRENTLY ON users (cep)" cannot run in a transaction',
    );
  });
});

describe("a syntax error names file, line and column and points at the place", () => {
  it("in the first line", () => {
    expect(refusal("SELEC 1;")).toMatchInlineSnapshot(`
      "migrations/0001_x.up.sql:1:1: syntax error at or near "SELEC"
        SELEC 1;
        ^"
    `);
  });

  it("lines below", () => {
    expect(refusal("-- fine\nSELECT 1;\nALTER TABLE users ADD COLUM cpf varchar(14);\n")).toMatchInlineSnapshot(`
      "migrations/0001_x.up.sql:3:33: syntax error at or near "varchar"
        ALTER TABLE users ADD COLUM cpf varchar(14);
                                        ^"
    `);
  });

  it("behind letters of several bytes, in the line and above it", () => {
    expect(refusal("-- ação €\nSELECT 'ação', 'é' FORM users;\n")).toMatchInlineSnapshot(`
      "migrations/0001_x.up.sql:2:25: syntax error at or near "users"
        SELECT 'ação', 'é' FORM users;
                                ^"
    `);
  });

  it("behind characters outside the basic plane, in lines above it", () => {
    expect(refusal("-- 😀😀\nSELECT 1 FORM users;\n")).toContain("0001_x.up.sql:2:15:");
  });

  it("at an end that comes too early", () => {
    expect(refusal("CREATE TABLE users (\n  id bigint")).toMatchInlineSnapshot(`
      "migrations/0001_x.up.sql:2:12: syntax error at end of input
          id bigint
                   ^"
    `);
  });

  it("in a string that never ends", () => {
    expect(refusal("SELECT 1;\nSELECT 'abc;\nSELECT 2;\n")).toMatchInlineSnapshot(`
      "migrations/0001_x.up.sql:2:8: unterminated quoted string at or near "'abc;
      SELECT 2;
      "
        SELECT 'abc;
               ^"
    `);
  });

  it("in psql's own commands, which are not SQL", () => {
    expect(refusal("\\set ON_ERROR_STOP on\nSELECT 1;\n")).toMatchInlineSnapshot(`
      "migrations/0001_x.up.sql:1:1: syntax error at or near "\\"
        \\set ON_ERROR_STOP on
        ^
      That is a command of psql, which does not run here: remove the line. Newer versions of pg_dump write \\restrict and \\unrestrict."
    `);
  });
});

describe("a statement that changes the ledger", () => {
  it("is refused with its line", () => {
    expect(refusal("CREATE TABLE a (id int);\n\nDELETE FROM migration_ledger WHERE entry = 1;")).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:3: "DELETE FROM migration_ledger WHERE entry = 1" would change the ledger, which says what is applied, while the script's own entry is written into it. Remove it: only migrations write it, and a script may read it."`,
    );
  });

  it.each([
    "DELETE FROM prod.migration_ledger",
    "DELETE FROM MIGRATION_LEDGER",
    "UPDATE \"migration_ledger\" SET outcome = 'done'",
    "INSERT INTO prod.migration_ledger SELECT * FROM old.migration_ledger",
    "WITH gone AS (DELETE FROM migration_ledger RETURNING *) SELECT * FROM gone",
    "MERGE INTO migration_ledger USING a ON true WHEN MATCHED THEN DELETE",
    "TRUNCATE a, prod.migration_ledger",
    "DROP TABLE IF EXISTS a, prod.migration_ledger CASCADE",
    "ALTER TABLE migration_ledger ADD COLUMN note text",
    "ALTER TABLE migration_ledger RENAME COLUMN entry TO number",
    "ALTER TABLE migration_ledger SET SCHEMA other",
    "COPY migration_ledger FROM '/tmp/rows'",
    "CREATE TRIGGER t BEFORE INSERT ON migration_ledger EXECUTE FUNCTION f()",
  ])("is refused: %s", (sql) => {
    expect(refusal(sql)).toContain("would change the ledger");
  });

  it.each([
    "SELECT max(at) FROM migration_ledger",
    "INSERT INTO report SELECT revision FROM prod.migration_ledger",
    "DELETE FROM a USING migration_ledger m WHERE a.id = m.entry",
    "CREATE VIEW v AS SELECT revision FROM migration_ledger",
    "COPY migration_ledger TO '/tmp/rows'",
    "GRANT SELECT ON migration_ledger TO report",
    "COMMENT ON TABLE migration_ledger IS 'x'",
    "SELECT 'DELETE FROM migration_ledger'",
    "DELETE FROM migration_ledger_of_mine",
  ])("is not what only reads it: %s", (sql) => {
    expect(statements(sql)).toEqual([sql]);
  });
});

describe("what only psql understands", () => {
  it("COPY FROM stdin is refused", () => {
    expect(refusal("CREATE TABLE a (id int);\nCOPY a (id) FROM stdin;")).toMatchInlineSnapshot(
      `"migrations/0001_x.up.sql:2: "COPY a (id) FROM stdin" wants its rows from psql, which does not run here. Write INSERTs, as pg_dump --inserts does."`,
    );
    expect(refusal("COPY a FROM stdin WITH (FORMAT csv)")).toContain("pg_dump --inserts");
  });

  it.each(["COPY a FROM '/tmp/a'", "COPY a FROM PROGRAM 'cat'", "COPY a TO STDOUT"])("not %s", (sql) => {
    expect(statements(sql)).toEqual([sql]);
  });

  it("the rows of a COPY are told as such", () => {
    expect(
      refusal("CREATE TABLE a (id int, b text);\nCOPY a FROM stdin;\n1\tx\n2\ty; z\n\\.\n"),
    ).toMatchInlineSnapshot(`
      "migrations/0001_x.up.sql:3:1: syntax error at or near "1"
        1	x
        ^
      These are the rows of a COPY … FROM stdin, which only psql reads. Write INSERTs, as pg_dump --inserts does."
    `);
  });

  it("so is the end of none", () => {
    expect(refusal("COPY a FROM stdin;\n\\.\n")).toContain("rows of a COPY");
  });

  it.each(["\\restrict abc", "\\connect shop", "\\i other.sql", "  \\copy a FROM 'a.csv'", "SELECT 1 AS a \\gset"])(
    "a command is told as such: %s",
    (line) => {
      expect(refusal(`SELECT 1;\n${line}\nSELECT 2;`)).toContain("a command of psql");
    },
  );

  it("a command is pointed at, with what to do", () => {
    expect(
      refusal("--\n-- PostgreSQL database dump\n--\n\n\\restrict x7Qp\n\nSET lock_timeout = 0;"),
    ).toMatchInlineSnapshot(`
      "migrations/0001_x.up.sql:5:1: syntax error at or near "\\"
        \\restrict x7Qp
        ^
      That is a command of psql, which does not run here: remove the line. Newer versions of pg_dump write \\restrict and \\unrestrict."
    `);
  });

  it("another error is not, though a COPY came before it", () => {
    expect(refusal("SELECT 'COPY a FROM stdin;'; SELECT 1;\nSELCT 2")).not.toContain("psql");
  });
});
