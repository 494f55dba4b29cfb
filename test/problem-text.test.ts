import { describe, expect, it } from "vitest";
import { checksum } from "../src/history/revision.ts";
import type { Problem } from "../src/problem.ts";
import { Refusal } from "../src/problem.ts";
import { count, errorText, indent, problemText, problemTexts } from "../src/problem-text.ts";

describe("the problems that no pure part finds, in their words", () => {
  it("the folder changed between preview and up", () => {
    expect(problemText({ code: "folder-changed", revisions: ["0001_a", "0002_b", "0003_c"] })).toMatchInlineSnapshot(
      `"The migrations folder changed after the preview: 0001_a, 0002_b and 0003_c. Run the command again to see the new plan."`,
    );
  });

  it("an edited file, known from the state alone", () => {
    expect(
      problemText({ code: "edited", revision: "0001_a", was: checksum(""), is: "bbbb", accepted: 0 }),
    ).toMatchInlineSnapshot(
      `"0001_a was applied when its up script was empty or missing, and has one now, which would never run. Give it a number of its own, behind what is applied, and leave this revision as it was; or let it run only where the revision is not applied yet: pulumi config set --path 'acceptEdited[0]' 0001_a."`,
    );
    expect(
      problemText({ code: "edited", revision: "0001_a", was: "aaaa", is: "bbbb", accepted: 0 }),
    ).toMatchInlineSnapshot(
      `"0001_a was edited after it was applied: its checksum was aaaa and is now bbbb. Restore the file and put the change into a new revision; or roll back to the revision before it, then go forward again with the new text; or leave it as it is where it is applied, and let the new text run elsewhere: pulumi config set --path 'acceptEdited[0]' 0001_a."`,
    );
  });

  it("schemas that two fleets own", () => {
    expect(problemText({ code: "owned-twice", schemas: ["t_1", "t_2"], fleets: ["a", "b"] })).toMatchInlineSnapshot(
      `"Schemas t_1 and t_2 would be owned by a and b, each with its own target. Leave them to one: pulumi config set --path 'fleets.FLEET.exclude[0]' SCHEMA."`,
    );
  });

  it("a query that names no schemas", () => {
    expect(problemText({ code: "schemas-query", got: "7" })).toMatchInlineSnapshot(
      `"schemasQuery gave 7 where a schema's name should be. It wants one row a schema, the name in the first column as text: select schema_name from public.tenants where active."`,
    );
  });

  it("a check between waves that does not say true", () => {
    const query = "SELECT bool_and(healthy) FROM ops.probes";
    expect(problemText({ code: "wave-check", query, answer: "false" })).toMatchInlineSnapshot(`
      "The next wave was not started: waveCheck gave false, and wants true:
        SELECT bool_and(healthy) FROM ops.probes
      Look into it; the next up goes on with what is left."
    `);
  });

  it("a server without enough connections", () => {
    const server = "db:5432";
    expect(problemText({ code: "no-free-sessions", server, asked: 8, free: 3 })).toMatchInlineSnapshot(
      `"db:5432 has only 3 connections left for this role, and concurrency asks for 8 and one more. Lower it: pulumi config set concurrency 3."`,
    );
    expect(problemText({ code: "no-free-sessions", server, asked: 8, free: 0 })).toContain("has no connection left");
  });

  it("a server that does not answer", () => {
    const detail = "connect ECONNREFUSED 10.0.0.1:5432";
    expect(problemText({ code: "unreachable", server: "db:5432", detail })).toMatchInlineSnapshot(
      `"db:5432 does not answer as PostgreSQL: connect ECONNREFUSED 10.0.0.1:5432. Check the host, the port and the network."`,
    );
  });

  it("a server without TLS", () => {
    expect(problemText({ code: "no-tls", server: "db:5432" })).toMatchInlineSnapshot(
      `"db:5432 does not speak TLS, which sslmode asks for. If the network is trusted: pulumi config set sslmode disable."`,
    );
  });

  it("a refused sign-in", () => {
    const detail = 'password authentication failed for user "deploy"';
    expect(problemText({ code: "sign-in-refused", server: "db:5432", user: "deploy", detail })).toMatchInlineSnapshot(
      `"db:5432 refused to sign in "deploy": password authentication failed for user "deploy". Check the user and the password (pulumi config set --secret password)."`,
    );
  });

  it("a missing database", () => {
    expect(problemText({ code: "database-missing", server: "db:5432", database: "salon" })).toMatchInlineSnapshot(
      `"db:5432 has no database "salon". Create it, or name another: pulumi config set database NAME."`,
    );
  });

  it("a lost connection, and one that was ended", () => {
    const lost = { code: "connection-lost", schema: "prod", detail: "read ECONNRESET", byAdmin: false } as const;
    expect(problemText(lost)).toMatchInlineSnapshot(
      `"Schema "prod": the connection was lost (read ECONNRESET). What was committed stays; run the command again, it goes on from what the ledger says."`,
    );
    expect(problemText({ ...lost, byAdmin: true })).toContain("was ended by an administrator (read ECONNRESET)");
  });

  it("a server that takes no changes", () => {
    expect(problemText({ code: "read-only", server: "db:5432", why: "standby" })).toMatchInlineSnapshot(
      `"db:5432 is a standby, which takes no changes. Connect to the primary."`,
    );
    expect(problemText({ code: "read-only", server: "db:5432", why: "setting" })).toMatchInlineSnapshot(
      `"db:5432 is read-only: default_transaction_read_only is on for this role or database. Turn it off, or use another role."`,
    );
  });

  it("a role without rights, with the GRANT that gives them, names quoted", () => {
    expect(problemText({ code: "no-rights", schema: 'Te"nant', user: "app-1", right: "CREATE" })).toMatchInlineSnapshot(
      `""app-1" lacks CREATE on schema "Te"nant". Grant it: GRANT USAGE, CREATE ON SCHEMA "Te""nant" TO "app-1"."`,
    );
  });

  it("a pooler between", () => {
    expect(problemText({ code: "pooler", server: "db:6432" })).toMatchInlineSnapshot(
      `"db:6432 is a pooler that gives each transaction another session (PgBouncer in transaction or statement mode). Locks and settings would land in other clients' sessions. Connect to the server itself, or to the pooler in session mode."`,
    );
  });

  it("another session in the way", () => {
    const blocked = {
      code: "blocked",
      schema: "prod",
      revision: "0010_add_cpf",
      file: "migrations/0010_add_cpf.up.sql",
      attempts: 5,
      partly: false,
      blocker: { pid: 42, application: "", user: "app", seconds: 93, query: "SELECT *\nFROM users" },
      error: { sqlstate: "55P03", message: "canceling statement due to lock timeout" },
    } as const;
    expect(problemText(blocked)).toMatchInlineSnapshot(`
      "Schema "prod", migrations/0010_add_cpf.up.sql: gave way 5 times to other sessions (canceling statement due to lock timeout, SQLSTATE 55P03). In the way: a session of app (pid 42, for 93 s), whose last statement is
        SELECT *
        FROM users
      Nothing of 0010_add_cpf remains. Run again when the way is free, or wait longer for locks: pulumi config set lockTimeoutMs MS."
    `);
    expect(problemText({ ...blocked, attempts: 1, blocker: undefined })).toMatchInlineSnapshot(`
      "Schema "prod", migrations/0010_add_cpf.up.sql: gave way 1 time to other sessions (canceling statement due to lock timeout, SQLSTATE 55P03).
      Nothing of 0010_add_cpf remains. Run again when the way is free, or wait longer for locks: pulumi config set lockTimeoutMs MS."
    `);
  });

  it("another run that holds the lock", () => {
    const holder = { pid: 42, application: "pulumi-schema-migrations", user: "deploy", seconds: 93 };
    expect(problemText({ code: "locked", schema: "prod", waitedMs: 60_000, holder })).toMatchInlineSnapshot(
      `"Schema "prod" is being migrated by another run: pulumi-schema-migrations of deploy (pid 42, for 93 s). Gave up after 60.0 s. Run again when it is done, or wait longer: pulumi config set waitTimeoutMs MS."`,
    );
    expect(problemText({ code: "locked", schema: "prod", waitedMs: 499, holder: undefined })).toMatchInlineSnapshot(
      `"Schema "prod" is being migrated by another run: a session that has just ended. Gave up after 0.5 s. Run again when it is done, or wait longer: pulumi config set waitTimeoutMs MS."`,
    );
  });

  it("what PostgreSQL refused, with its detail and hint", () => {
    const error = {
      sqlstate: "42501",
      message: "permission denied for schema prod",
      detail: "The role lacks USAGE.",
      hint: "Grant it.",
    };
    expect(problemText({ code: "server-error", doing: "to read the ledgers", error })).toMatchInlineSnapshot(`
      "PostgreSQL refused to read the ledgers: permission denied for schema prod (SQLSTATE 42501)
        The role lacks USAGE.
        Hint: Grant it."
    `);
  });
});

describe("a failed step", () => {
  const failed: Extract<Problem, { code: "step-failed" }> = {
    code: "step-failed",
    schema: "prod",
    revision: "0010_add_cpf",
    direction: "up",
    file: "migrations/0010_add_cpf.up.sql",
    line: 3,
    statement: "ALTER TABLE userz\n  ADD COLUMN cpf varchar(14)",
    error: { sqlstate: "42P01", message: 'relation "userz" does not exist' },
    at: "0009_backfill",
    cause: "script",
  };

  it("names file, line and statement, what PostgreSQL said, and where the schema stands", () => {
    expect(problemText(failed)).toMatchInlineSnapshot(`
      "Schema "prod", migrations/0010_add_cpf.up.sql:3: relation "userz" does not exist (SQLSTATE 42P01)
        ALTER TABLE userz
          ADD COLUMN cpf varchar(14)
      Nothing of 0010_add_cpf remains; the schema is at 0009_backfill. Mend the script and run again."
    `);
  });

  /** What comes behind the statement. */
  const last = (problem: Problem) => problemText(problem).split("\n").slice(3).join("\n");

  it("outside a transaction says that it is marked, what stays of it, and what the next up asks for", () => {
    const begun = { earlier: true, repeatable: false };
    expect(problemText({ ...failed, begun })).toMatchInlineSnapshot(`
      "Schema "prod", migrations/0010_add_cpf.up.sql:3: relation "userz" does not exist (SQLSTATE 42P01)
        ALTER TABLE userz
          ADD COLUMN cpf varchar(14)
      0010_add_cpf ran outside a transaction, and is marked as interrupted; its earlier statements stay. Look at what it did, finish or undo it by hand, then tell the ledger; the next up refuses until then:
        it is there:     UPDATE "prod".migration_ledger SET outcome = 'done' WHERE revision = '0010_add_cpf' AND direction = 'up' AND outcome = 'started';
        it is not there: DELETE FROM "prod".migration_ledger WHERE revision = '0010_add_cpf' AND direction = 'up' AND outcome = 'started';"
    `);
    expect(last({ ...failed, direction: "down", begun: { ...begun, earlier: false } })).toMatchInlineSnapshot(`
      "0010_add_cpf ran outside a transaction, and is marked as interrupted. Look at what it did, finish or undo it by hand, then tell the ledger; the next up refuses until then:
        it is there:     DELETE FROM "prod".migration_ledger WHERE revision = '0010_add_cpf' AND direction = 'down' AND outcome = 'started';
        it is not there: UPDATE "prod".migration_ledger SET outcome = 'done' WHERE revision = '0010_add_cpf' AND direction = 'down' AND outcome = 'started';"
    `);
  });

  it("outside a transaction goes on by itself where it can be run again", () => {
    const begun = { earlier: false, repeatable: true };
    expect(last({ ...failed, begun: { ...begun, earlier: true } })).toMatchInlineSnapshot(`
      "0010_add_cpf ran outside a transaction, and is marked as interrupted; its earlier statements stay. Mend what is in the way, and the next up goes on at this statement. For another text, undo by hand what this one did, and tell the ledger:
        it is not there: DELETE FROM "prod".migration_ledger WHERE revision = '0010_add_cpf' AND direction = 'up' AND outcome = 'started';"
    `);
    expect(last({ ...failed, begun: { ...begun, index: "t_k" } })).toMatchInlineSnapshot(`
      "0010_add_cpf ran outside a transaction, and is marked as interrupted. Mend what is in the way, and the next up goes on at this statement. What is left of index "t_k" is INVALID: that is dropped then, and built anew. For another text, undo by hand what this one did, and tell the ledger:
        it is not there: DELETE FROM "prod".migration_ledger WHERE revision = '0010_add_cpf' AND direction = 'up' AND outcome = 'started';"
    `);
    expect(last({ ...failed, direction: "down", begun })).toMatchInlineSnapshot(
      `"0010_add_cpf ran outside a transaction, and is marked as interrupted. Mend what is in the way, and the next up goes on at this statement."`,
    );
  });

  it("that others have already may not be mended as if none had run it", () => {
    expect(last({ ...failed, others: ["dev"], accepted: 1 })).toMatchInlineSnapshot(
      `"Nothing of 0010_add_cpf remains; the schema is at 0009_backfill. Schema "dev" has 0010_add_cpf already. Mend by hand what is in the way here, and run again; or edit the script, and accept that: pulumi config set --path 'acceptEdited[1]' 0010_add_cpf."`,
    );
    expect(last({ ...failed, others: ["a", "b"] })).toMatchInlineSnapshot(
      `"Nothing of 0010_add_cpf remains; the schema is at 0009_backfill. a, b have 0010_add_cpf already. Mend by hand what is in the way here, and run again; or edit the script, as acceptEdited allows."`,
    );
  });

  it("for want of space asks for that, not for another script", () => {
    const full = { ...failed, cause: "disk-full" as const, error: { sqlstate: "53100", message: "disk full" } };
    expect(last(full)).toMatchInlineSnapshot(
      `"Nothing of 0010_add_cpf remains; the schema is at 0009_backfill. Free space on the server's disk and run again."`,
    );
    expect(last({ ...full, direction: "down" })).toMatchInlineSnapshot(
      `"0010_add_cpf is still applied, as it was. Free space on the server's disk and run again."`,
    );
    expect(last({ ...full, begun: { earlier: true, repeatable: true } })).toMatchInlineSnapshot(`
      "0010_add_cpf ran outside a transaction, and is marked as interrupted; its earlier statements stay. Free space on the server's disk, and the next up goes on at this statement. For another text, undo by hand what this one did, and tell the ledger:
        it is not there: DELETE FROM "prod".migration_ledger WHERE revision = '0010_add_cpf' AND direction = 'up' AND outcome = 'started';"
    `);
    expect(last({ ...full, begun: { earlier: true, repeatable: false } })).toMatchInlineSnapshot(`
      "0010_add_cpf ran outside a transaction, and is marked as interrupted; its earlier statements stay. Free space on the server's disk first. Look at what it did, finish or undo it by hand, then tell the ledger; the next up refuses until then:
        it is there:     UPDATE "prod".migration_ledger SET outcome = 'done' WHERE revision = '0010_add_cpf' AND direction = 'up' AND outcome = 'started';
        it is not there: DELETE FROM "prod".migration_ledger WHERE revision = '0010_add_cpf' AND direction = 'up' AND outcome = 'started';"
    `);
  });

  it("without a known place names the file alone", () => {
    expect(problemText({ ...failed, line: undefined, statement: undefined })).toMatchInlineSnapshot(`
      "Schema "prod", migrations/0010_add_cpf.up.sql: relation "userz" does not exist (SQLSTATE 42P01)
      Nothing of 0010_add_cpf remains; the schema is at 0009_backfill. Mend the script and run again."
    `);
  });

  it("shows the beginning of a long statement", () => {
    const statement = Array.from({ length: 30 }, (_, index) => `line ${index + 1}`).join("\n");
    const text = problemText({ ...failed, statement });
    expect(text).toContain("  line 8\n  …\n");
    expect(text).not.toContain("line 9");
  });
});

describe("the words of an error", () => {
  it("each problem of a refusal, on its own line", () => {
    const refusal = new Refusal([
      { code: "unnumbered", file: "migrations/a.up.sql", ending: ".up.sql", meant: undefined },
      { code: "unknown-direction", file: "migrations/0001_b.sql" },
    ]);
    expect(errorText(refusal)).toMatchInlineSnapshot(`
      "migrations/a.up.sql: the name has no number to order it by. Name it like 0007_add_cpf.up.sql.
      migrations/0001_b.sql: is it the way up or down? Name it ….up.sql or ….down.sql."
    `);
  });

  it("any other error's own message", () => {
    expect(errorText(new TypeError("x is not a function"))).toBe("x is not a function");
    expect(errorText("thrown as text")).toBe("thrown as text");
  });
});

it("things are counted as a person does", () => {
  expect([0, 1, 2].map((number) => count(number, "step"))).toEqual(["0 steps", "1 step", "2 steps"]);
});

it("every line that has something in it is moved in", () => {
  expect(indent("a\n\n  b\n")).toBe("  a\n\n    b\n");
  expect(indent("a\nb", "| ")).toBe("| a\n| b");
});

describe("many problems", () => {
  const failed = (schema: string, message: string): Problem => ({
    code: "step-failed",
    schema,
    revision: "0002_b",
    direction: "up",
    file: "0002_b.up.sql",
    line: 3,
    statement: undefined,
    error: { sqlstate: "23505", message },
    at: "0001_a",
    cause: "script",
  });

  it("of one cause are one paragraph, though each schema's rows make the server say something else", () => {
    const problems = [1, 2, 3].map((n) => failed(`tenant_${n}`, `Key (id)=(${n}) is there already`));
    expect(errorText(new Refusal(problems))).toMatchInlineSnapshot(`
      "Schema "tenant_1", 0002_b.up.sql:3: Key (id)=(1) is there already (SQLSTATE 23505)
      Nothing of 0002_b remains; the schema is at 0001_a. Mend the script and run again.
      The same in tenant_2, tenant_3."
    `);
    const many = Array.from({ length: 37 }, (_, n) => failed(`tenant_${n}`, "x"));
    expect(errorText(new Refusal(many)).split("\n").at(-1)).toMatchInlineSnapshot(
      `"The same in 36 schemas (tenant_1, tenant_2, tenant_3, …)."`,
    );
  });

  it("of two causes are two", () => {
    const other = { ...failed("tenant_2", "x"), line: 4 } as Problem;
    expect(problemTexts([failed("tenant_1", "x"), other, failed("tenant_3", "x")])).toHaveLength(2);
  });

  it("of names that are wrong in themselves are told one by one", () => {
    const why = "a name cannot be empty.";
    expect(problemTexts(["a", "b"].map((schema) => ({ code: "schema-name", schema, why }) as const))).toHaveLength(2);
  });
});
