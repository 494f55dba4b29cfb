import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refusePlainSecrets } from "../src/config/plain-secrets.ts";
import { parseConfig } from "../src/config.ts";
import { Refusal } from "../src/problem.ts";
import { problemText } from "../src/problem-text.ts";
import { problemsOf, refused } from "./history/refused.ts";

type Values = Parameters<typeof parseConfig>[0];
type Environment = Parameters<typeof parseConfig>[1];

const SERVER = { PGHOST: "db.example.com" };

const parse = (values: Values, environment: Environment = SERVER) =>
  parseConfig({ schemas: ["prod"], ...values }, environment);

const connection = (values: Values, environment: Environment = {}) => parse(values, environment).connection;

const refusal = (values: Values, environment: Environment = SERVER) => refused(() => parse(values, environment));

describe("what a stack need not say", () => {
  it("has these defaults", () => {
    expect(parse({})).toEqual({
      schemas: ["prod"],
      exclude: [],
      target: "head",
      pins: {},
      migrations: "migrations",
      searchPath: [],
      allowOutOfOrder: false,
      acceptEdited: [],
      lockTimeoutMs: 5_000,
      statementTimeoutMs: 0,
      snapshot: false,
      waitTimeoutMs: 60_000,
      concurrency: 0,
      waves: [],
      wavePauseMs: 0,
      onFailure: "stop",
      failureLimit: 0,
      onDestroy: "retain",
      rolePasswords: {},
      connection: {
        host: "db.example.com",
        port: 5432,
        database: "postgres",
        user: "postgres",
        sslmode: "require",
      },
    });
  });

  it("may be there as the empty text or port 0, Pulumi's stand-ins for it", () => {
    const blank = { target: "", migrations: "", downFrom: "", url: "", host: "", port: 0, user: "", password: "" };
    expect(parse(blank)).toEqual(parse({}));
    expect(parse({ port: "0" })).toEqual(parse({}));
  });
});

describe("what a stack says", () => {
  it("comes as Pulumi hands it over: text, with lists and objects as JSON", () => {
    const values = {
      schemas: '["dev", "prod"]',
      target: "0010",
      pins: '{"dev": "8285db59cac3", "prod": "-1"}',
      migrations: "db/migrations",
      searchPath: ' ["extensions"]',
      allowOutOfOrder: "true",
      downFrom: "ledger",
      lockTimeoutMs: "100",
      statementTimeoutMs: "200",
      waitTimeoutMs: "0",
      onDestroy: "drop",
    };
    expect(parse(values)).toMatchObject({
      schemas: ["dev", "prod"],
      target: "0010",
      pins: { dev: "8285db59cac3", prod: "-1" },
      migrations: "db/migrations",
      searchPath: ["extensions"],
      allowOutOfOrder: true,
      downFrom: "ledger",
      lockTimeoutMs: 100,
      statementTimeoutMs: 200,
      waitTimeoutMs: 0,
      onDestroy: "drop",
    });
  });

  it("comes typed just as well", () => {
    expect(parse({ pins: { prod: -1 }, allowOutOfOrder: true, lockTimeoutMs: 100, target: -7 })).toMatchObject({
      pins: { prod: "-1" },
      allowOutOfOrder: true,
      lockTimeoutMs: 100,
      target: "-7",
    });
    expect(parse({ allowOutOfOrder: "false" }).allowOutOfOrder).toBe(false);
  });

  it("may name schemas as PostgreSQL allows them, in brackets or not", () => {
    expect(parse({ schemas: ["Tenant 7", "[x]", "a;b"] }).schemas).toEqual(["Tenant 7", "[x]", "a;b"]);
  });
});

describe("the connection", () => {
  it("in parts", () => {
    const parts = {
      host: "localhost",
      port: "6432",
      database: "salon",
      user: "deploy",
      password: "hunter2",
      sslmode: "verify-full",
      sslrootcert: "ca.pem",
    };
    expect(connection(parts)).toEqual({ ...parts, port: 6432 });
  });

  it("from the PG* variables, as every PostgreSQL tool takes it", () => {
    const environment = {
      PGHOST: "localhost",
      PGPORT: "6432",
      PGDATABASE: "salon",
      PGUSER: "deploy",
      PGPASSWORD: "hunter2",
      PGSSLMODE: "verify-ca",
      PGSSLROOTCERT: "ca.pem",
    };
    expect(connection({}, environment)).toEqual({
      host: "localhost",
      port: 6432,
      database: "salon",
      user: "deploy",
      password: "hunter2",
      sslmode: "verify-ca",
      sslrootcert: "ca.pem",
    });
  });

  it("part from the config, part from the variables: the config wins", () => {
    const mixed = connection({ host: "prod.example.com", user: "deploy" }, { ...SERVER, PGUSER: "me", PGPORT: "1" });
    expect(mixed).toMatchObject({ host: "prod.example.com", user: "deploy", port: 1 });
    // Or two spellings would be two databases, and a schema could be owned twice.
    expect(connection({ host: "DB.Example.com" }, {})).toMatchObject({ host: "db.example.com" });
  });

  it("in one URL", () => {
    expect(connection({ url: "postgres://deploy:hunter2@db:6432/salon?sslmode=disable" })).toEqual({
      host: "db",
      port: 6432,
      database: "salon",
      user: "deploy",
      password: "hunter2",
      sslmode: "disable",
    });
  });

  it("in a URL with escapes, IPv6 and a certificate", () => {
    const url = "postgresql://us%40er:p%2Fw%3A%23@[::1]/da%20ta?sslmode=verify-full&sslrootcert=%2Fca.pem";
    expect(connection({ url })).toMatchObject({
      host: "::1",
      port: 5432,
      database: "da ta",
      user: "us@er",
      password: "p/w:#",
      sslmode: "verify-full",
      sslrootcert: "/ca.pem",
    });
  });

  it("in a URL whose host and user win over the variables", () => {
    const url = "postgres://deploy:hunter2@db/salon";
    expect(connection({ url }, { ...SERVER, PGUSER: "me", PGPASSWORD: "mine", PGDATABASE: "my" })).toMatchObject({
      host: "db",
      user: "deploy",
      password: "hunter2",
      database: "salon",
    });
  });

  it("is the only place where the password is: nothing else carries it along", () => {
    for (const values of [{ host: "db", password: "hunter2" }, { url: "postgres://deploy:hunter2@db/salon" }]) {
      const { connection: where, ...rest } = parse(values);
      expect(where.password).toBe("hunter2");
      expect(JSON.stringify(rest)).not.toContain("hunter2");
    }
  });

  it("any password comes out of a URL as it went in", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (password) => {
        const url = `postgres://deploy:${encodeURIComponent(password)}@db/salon`;
        expect(connection({ url }).password).toBe(password);
      }),
    );
  });

  it("nowhere: refused, with every way to give it", () => {
    expect(refusal({}, {})).toMatchInlineSnapshot(
      `"No connection is configured. Set the parts (pulumi config set host db.example.com; database, user; pulumi config set --secret password), or all in one (pulumi config set --secret url postgres://…), or the environment variables PGHOST, PGDATABASE, PGUSER and PGPASSWORD."`,
    );
    expect(refusal({}, { PGHOST: "" })).toBe(refusal({}, {}));
  });

  it("a URL and a part beside it: refused, which one holds would be a guess", () => {
    const url = "postgres://deploy:hunter2@db/salon";
    expect(refusal({ url, host: "other", password: "hunter3" })).toMatchInlineSnapshot(`
      "config "host": got a value beside url, wants either url or the parts. Remove one: pulumi config rm host.
      config "password": got a value beside url, wants either url or the parts. Remove one: pulumi config rm password."
    `);
  });

  it.each(["mysql://deploy:hunter2@db", "deploy:hunter2@db/salon", "postgres://deploy:hun ter2@:x", "hunter2"])(
    "%s: refused as a URL, without being shown",
    (url) => {
      expect(refusal({ url })).toBe(
        'config "url": got a secret that is no PostgreSQL URL, wants postgres://user:password@host:5432/database?sslmode=require.',
      );
    },
  );

  it("a Unix socket: refused, the postgresql provider knows none", () => {
    expect(refusal({ host: "/var/run/postgresql" })).toMatchInlineSnapshot(
      `"config "host": got "/var/run/postgresql", wants a TCP host: the postgresql provider knows no Unix sockets."`,
    );
    expect(refusal({}, { PGHOST: "/tmp" })).toContain('got "/tmp"');
  });

  it("an sslmode that not both clients can keep: refused, wherever it is from", () => {
    expect(refusal({ sslmode: "prefer" })).toMatchInlineSnapshot(
      `"config "sslmode": got "prefer", wants disable, require, verify-ca, verify-full. Set it: pulumi config set sslmode VALUE."`,
    );
    expect(refusal({}, { ...SERVER, PGSSLMODE: "allow" })).toContain('got "allow", wants disable, require');
    expect(refusal({ url: "postgres://db/salon?sslmode=prefer" })).toContain('got "prefer", wants disable, require');
  });
});

describe("refused, with the key, what it got and what it wants", () => {
  it("no schemas", () => {
    expect(refusal({ schemas: undefined })).toMatchInlineSnapshot(
      `"config "schemas": got nothing, wants at least one schema, or a pattern like "tenant_*", or a query (schemasQuery). Set it: pulumi config set --path 'schemas[0]' SCHEMA."`,
    );
    expect(refusal({ schemas: "[]" })).toBe(refusal({ schemas: undefined }));
    expect(parse({ schemas: undefined, schemasQuery: "SELECT name FROM tenants" }).schemas).toEqual([]);
  });

  it("a single schema that is no list", () => {
    expect(refusal({ schemas: "prod" })).toMatchInlineSnapshot(
      `"config "schemas": got "prod", wants a list of schema names, like ["dev", "prod"]. Set it anew: pulumi config rm schemas, then pulumi config set --path 'schemas[0]' SCHEMA."`,
    );
  });

  it("a list that is no JSON", () => {
    expect(refusal({ schemas: '["prod"' })).toContain("wants a list of schema names");
  });

  it("a key that means nothing, with those that do", () => {
    expect(refusal({ shemas: ["prod"], traget: "head" })).toMatchInlineSnapshot(`
      "config "shemas": there is no such key. Did you mean schemas? Remove it: pulumi config rm shemas.
      config "traget": there is no such key. Did you mean target? Remove it: pulumi config rm traget."
    `);
  });

  it("numbers that are none, or out of range: all together", () => {
    const numbers = { port: "70000", lockTimeoutMs: "soon", statementTimeoutMs: "1.5", waitTimeoutMs: "-1" };
    expect(refusal(numbers)).toMatchInlineSnapshot(`
      "config "lockTimeoutMs": got "soon", wants a whole number of milliseconds, at most 2147483647. Set it: pulumi config set lockTimeoutMs VALUE.
      config "statementTimeoutMs": got "1.5", wants a whole number of milliseconds, at most 2147483647. Set it: pulumi config set statementTimeoutMs VALUE.
      config "waitTimeoutMs": got "-1", wants a whole number of milliseconds, at most 2147483647. Set it: pulumi config set waitTimeoutMs VALUE.
      config "port": got "70000", wants a port from 1 to 65535. Set it: pulumi config set port VALUE."
    `);
    expect(refusal({ waitTimeoutMs: "2147483648" })).toContain("waitTimeoutMs");
  });

  it("words that are not among the choices", () => {
    expect(refusal({ downFrom: "disk", onDestroy: "delete" })).toMatchInlineSnapshot(`
      "config "downFrom": got "disk", wants folder or ledger. Set it: pulumi config set downFrom VALUE.
      config "onDestroy": got "delete", wants retain or drop. Set it: pulumi config set onDestroy VALUE."
    `);
  });

  it("a target that is a bare number, as which +10 and 0012 are stored as well", () => {
    expect(refusal({ target: 10, baseline: 1, pins: '{"prod": 1}' })).toMatchInlineSnapshot(
      `
      "config "target": got 10 without quotes, which YAML may have made of +10 or 0012, wants what is meant, in quotes. Set it: pulumi config set target 10 --type string.
      config "pins.prod": got 1 without quotes, which YAML may have made of +1, wants what is meant, in quotes. Set it: pulumi config set --path 'pins.prod' 1 --type string.
      config "baseline": got 1 without quotes, which YAML may have made of +1, wants what is meant, in quotes. Set it: pulumi config set baseline 1 --type string."
    `,
    );
  });

  it("what would lead a URL elsewhere, and is not read", () => {
    const url = "postgres:///salon?host=db.example.com&sslmode=disable&connect_timeout=3";
    expect(refusal({ url })).toContain('config "url": got the parameter "host", which is not read, wants postgres://');
  });

  it("pins that are no object", () => {
    expect(refusal({ pins: "0010" })).toMatchInlineSnapshot(
      `"config "pins": got "0010", wants targets by schema name, like {"tenant_7": "0009"}. Set it anew: pulumi config rm pins, then pulumi config set --path 'pins.SCHEMA' TARGET --type string."`,
    );
  });

  it("a pin of a schema that is not this stack's", () => {
    expect(refusal({ schemas: ["dev", "prod"], pins: { tenant: "0010" } })).toMatchInlineSnapshot(
      `"config "pins.tenant": got a schema that is not in this stack, wants one of dev, prod. Remove it: pulumi config rm --path 'pins.tenant'."`,
    );
  });

  it("nothing of pins, where the schemas were refused already", () => {
    expect(refusal({ schemas: "prod", pins: { prod: "0010" } }).split("\n")).toHaveLength(1);
    expect(refusal({ schemas: [], pins: { prod: "0010" } }).split("\n")).toHaveLength(1);
  });

  it("the same schema twice, once told", () => {
    expect(refusal({ schemas: ["prod", "dev", "prod", "prod"] })).toMatchInlineSnapshot(
      `"Schema name "prod": is in the list twice."`,
    );
  });

  it("names of PostgreSQL's own, as schemas and in the search path", () => {
    expect(refusal({ schemas: ["pg_toast", "prod"], searchPath: ["information_schema"] })).toMatchInlineSnapshot(`
      "Schema name "pg_toast": names that begin with pg_ are PostgreSQL's own. Choose another.
      Schema name "information_schema": is PostgreSQL's own. Choose another."
    `);
  });

  it("dropping public on destroy", () => {
    expect(refusal({ schemas: ["public"], onDestroy: "drop" })).toMatchInlineSnapshot(
      `"config "onDestroy": got "drop", wants "retain", since this stack owns "public"."`,
    );
    expect(parse({ schemas: ["public"] }).onDestroy).toBe("retain");
  });

  it("problems of keys and of what they hold together", () => {
    const text = refusal({ schemas: ["pg_x"], port: "x", traget: "head" }, {});
    expect(text.split("\n")).toEqual([
      expect.stringContaining('config "port"'),
      expect.stringContaining('config "traget"'),
      expect.stringContaining('Schema name "pg_x"'),
      expect.stringContaining("No connection is configured"),
    ]);
  });

  it("problems of schemas, pins and connection together", () => {
    const text = refusal(
      { schemas: ["pg_x", "prod", "prod"], pins: { dev: "1" }, url: "mysql://x", host: "other" },
      { PGHOST: "" },
    );
    expect(text.split("\n")).toEqual([
      expect.stringContaining('Schema name "pg_x"'),
      expect.stringContaining('Schema name "prod": is in the list twice'),
      expect.stringContaining('config "pins.dev"'),
      expect.stringContaining('config "host": got a value beside url'),
      expect.stringContaining('config "url": got a secret that is no PostgreSQL URL'),
    ]);
  });
});

describe("a secret in the stack's file", () => {
  const values = { url: "", password: "hunter2", host: "db" };

  it("in plain text is refused, without being shown", () => {
    expect(refused(() => refusePlainSecrets(values, []))).toMatchInlineSnapshot(
      `"config "password": got a value in plain text, wants an encrypted one. Set it again: pulumi config set --secret password. The old value is in the file's history: change it on the server."`,
    );
    expect(refused(() => refusePlainSecrets({ url: "postgres://x:hunter2@db" }, ["password"]))).not.toContain(
      "hunter2",
    );
  });

  it("encrypted is fine", () => {
    expect(() => refusePlainSecrets(values, ["password"])).not.toThrow();
    expect(() => refusePlainSecrets({ host: "db" }, [])).not.toThrow();
  });
});

describe("no message shows a secret", () => {
  const urlWith = (secret: string) => `postgres://deploy:${encodeURIComponent(secret)}@db`;

  it.each<readonly [string, (secret: string) => Values]>([
    ["a bad port", (secret) => ({ password: secret, port: "x" })],
    ["a bad sslmode", (secret) => ({ password: secret, sslmode: "prefer" })],
    ["a bad schema", (secret) => ({ password: secret, schemas: ["pg_x"] })],
    ["a bad host", (secret) => ({ password: secret, host: "/tmp" })],
    ["an unknown key", (secret) => ({ password: secret, unknown: 1 })],
    ["a password under a wrong key", (secret) => ({ passwort: secret })],
    ["a password that is a list", (secret) => ({ password: [secret] })],
    ["a password that is an object", (secret) => ({ password: { secret } })],
    ["a URL that is a list", (secret) => ({ url: [secret] })],
    ["a password as the URL", (secret) => ({ url: secret })],
    ["another server's URL", (secret) => ({ url: `mysql://deploy:${secret}@db` })],
    ["a URL that is broken behind the password", (secret) => ({ url: `${urlWith(secret)}:x` })],
    ["a URL with a bad sslmode", (secret) => ({ url: `${urlWith(secret)}?sslmode=prefer` })],
    ["a URL and a host", (secret) => ({ url: urlWith(secret), host: "other" })],
    ["a URL and a password", (secret) => ({ url: urlWith(secret), password: secret })],
  ])("not of %s", (_, fault) => {
    const secrets = fc.string({ unit: "grapheme" }).map((text) => `hunter2 ${text}`);
    fc.assert(
      fc.property(secrets, (secret) => {
        const problems = problemsOf(() => parse(fault(secret)));
        const { message } = new Refusal(problems);
        expect([message, ...problems.map(problemText), JSON.stringify(problems)].join("\n")).not.toMatch(/hunter2/);
      }),
      { numRuns: 30 },
    );
  });
});
