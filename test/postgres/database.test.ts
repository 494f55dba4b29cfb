import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import type { Connection } from "../../src/postgres/connection.ts";
import { APPLICATION_NAME, withDatabase } from "../../src/postgres/database.ts";
import { problemText } from "../../src/problem-text.ts";
import { useDatabase } from "../support/database.ts";
import { problemsOf, withSession } from "../support/migrate.ts";
import { useRole } from "../support/role.ts";

const database = useDatabase();
const { connection, query } = database;
const role = useRole(database);

/** Code and words of what a connection that does not work is refused with. */
async function refusal(change: Partial<Connection>): Promise<{ readonly code: string; readonly text: string }> {
  const used = { ...connection, ...change };
  const [problem, ...more] = await problemsOf(withSession(used, async () => {}));
  if (!problem || more.length > 0) throw new Error("not one problem");
  return { code: problem.code, text: problemText(problem).replaceAll(`:${used.port}`, ":PORT") };
}

describe("a connection that does not work is refused with the way out", () => {
  test("wrong password", async () => {
    expect(await refusal({ password: "wrong-password" })).toMatchInlineSnapshot(`
      {
        "code": "sign-in-refused",
        "text": "127.0.0.1:PORT refused to sign in "postgres": password authentication failed for user "postgres". Check the user and the password (pulumi config set --secret password).",
      }
    `);
  });

  test("no password: and no half-open session stays behind", async () => {
    expect(await refusal({ password: undefined })).toMatchInlineSnapshot(`
      {
        "code": "sign-in-refused",
        "text": "127.0.0.1:PORT refused to sign in "postgres": it wants a password, and none was given. Check the user and the password (pulumi config set --secret password).",
      }
    `);
    // The server would keep one for a minute (authentication_timeout).
    const starting = () => query("SELECT pid, backend_start FROM pg_stat_activity WHERE state = 'starting'");
    await expect.poll(starting, { timeout: 5_000 }).toEqual([]);
  });

  test("unknown user", async () => {
    expect(await refusal({ user: "nobody" })).toMatchInlineSnapshot(`
      {
        "code": "sign-in-refused",
        "text": "127.0.0.1:PORT refused to sign in "nobody": password authentication failed for user "nobody". Check the user and the password (pulumi config set --secret password).",
      }
    `);
  });

  test("a user who may not sign in", async () => {
    await query(`ALTER ROLE ${role.user} NOLOGIN`);
    const { code, text } = await refusal(role);
    await query(`ALTER ROLE ${role.user} LOGIN`);
    expect({ code, text: text.replaceAll(role.user, "USER") }).toMatchInlineSnapshot(`
      {
        "code": "sign-in-refused",
        "text": "127.0.0.1:PORT refused to sign in "USER": role "USER" is not permitted to log in. Check the user and the password (pulumi config set --secret password).",
      }
    `);
  });

  test("missing database", async () => {
    expect(await refusal({ database: "missing" })).toMatchInlineSnapshot(`
      {
        "code": "database-missing",
        "text": "127.0.0.1:PORT has no database "missing". Create it, or name another: pulumi config set database NAME.",
      }
    `);
  });

  test("a port where nobody listens", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    expect(await refusal({ port })).toMatchInlineSnapshot(`
      {
        "code": "unreachable",
        "text": "127.0.0.1:PORT does not answer as PostgreSQL: connect ECONNREFUSED 127.0.0.1:PORT. Check the host, the port and the network.",
      }
    `);
  });

  test("a host that does not exist", async () => {
    const { code, text } = await refusal({ host: "db.invalid" });
    expect({ code, text: text.replace(/(ENOTFOUND|EAI_AGAIN)/, "NOT FOUND") }).toMatchInlineSnapshot(`
      {
        "code": "unreachable",
        "text": "db.invalid:PORT does not answer as PostgreSQL: getaddrinfo NOT FOUND db.invalid. Check the host, the port and the network.",
      }
    `);
  });

  test("something that is not PostgreSQL", async () => {
    const server = createServer((socket: Socket) => {
      socket.on("error", () => {});
      socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { code } = await refusal({ port });
    server.close();
    expect(code).toBe("unreachable");
  });

  test.each(["require", "verify-ca", "verify-full"] as const)(
    "TLS (%s) asked from a server without",
    async (sslmode) => {
      expect(await refusal({ sslmode })).toEqual({
        code: "no-tls",
        text: "127.0.0.1:PORT does not speak TLS, which sslmode asks for. If the network is trusted: pulumi config set sslmode disable.",
      });
    },
  );

  test("the database takes no connections", async () => {
    await query(`ALTER ROLE ${role.user} CONNECTION LIMIT 0`);
    const { code, text } = await refusal(role);
    await query(`ALTER ROLE ${role.user} CONNECTION LIMIT -1`);
    expect({ code, text: text.replaceAll(role.user, "USER") }).toMatchInlineSnapshot(`
      {
        "code": "no-session",
        "text": "127.0.0.1:PORT grants no further session: too many connections for role "USER". Free some, raise that limit, or let fewer schemas go at once: pulumi config set concurrency 1.",
      }
    `);
  });

  test("none of the words holds a password", async () => {
    for (const change of [{ password: "wrong-password" }, { database: "missing" }, { sslmode: "require" as const }]) {
      const { text } = await refusal(change);
      expect(text).not.toContain("wrong-password");
      expect(text).not.toContain(connection.password);
    }
  });
});

describe("sessions", () => {
  test("say who they are", async () => {
    const rows = await withSession(connection, async (client) => {
      const result = await client.query("SELECT current_setting('application_name') AS name");
      return result.rows;
    });
    expect(rows).toEqual([{ name: APPLICATION_NAME }]);
  });

  test("are no more than asked for, and all closed at the end", async () => {
    const count = async () => {
      const rows = await query<{ count: number }>(
        "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1",
        [APPLICATION_NAME],
      );
      return rows[0]?.count;
    };
    const seen = await withDatabase(connection, 3, (some) =>
      Promise.all(
        Array.from({ length: 9 }, () =>
          some.withClient(async (client) => {
            await client.query("SELECT pg_sleep(0.02)");
            return count();
          }),
        ),
      ),
    );
    expect(Math.max(...seen.map(Number))).toBe(3);
    await expect.poll(count).toBe(0);
  });

  test("begin with one that signs in at once; where nobody needs it, a server that does not answer is not waited for", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const called = once(silent, "connection");
    const started = performance.now();
    const done = withDatabase({ ...connection, port }, 1, async () => {
      await called;
      return "done";
    });
    expect(await done).toBe("done");
    expect(performance.now() - started).toBeLessThan(5_000);
    silent.close();
  });

  test("whose callback threw are not lent again: nothing of their state is known", async () => {
    const pid = "SELECT pg_backend_pid() AS pid";
    const pids = await withDatabase(connection, 1, async (one) => {
      const of = () => one.withClient(async (client) => (await client.query<{ pid: number }>(pid)).rows[0]?.pid);
      const before = [await of(), await of()];
      await one.withClient(() => Promise.reject(new Error("thrown"))).catch(() => {});
      return [...before, await of()];
    });
    expect(pids[0]).toBe(pids[1]);
    expect(pids[2]).not.toBe(pids[1]);
  });

  test("one that ends while it is idle is replaced, and does not end the process", async () => {
    const answer = await withDatabase(connection, 1, async (one) => {
      const pid = await one.withClient(
        async (client) => (await client.query("SELECT pg_backend_pid() AS pid")).rows[0].pid,
      );
      await query("SELECT pg_terminate_backend($1)", [pid]);
      await expect.poll(() => query("SELECT 1 FROM pg_stat_activity WHERE pid = $1", [pid])).toEqual([]);
      await new Promise((resolve) => setTimeout(resolve, 50));
      return one.withClient(async (client) => (await client.query("SELECT 1 AS one")).rows);
    });
    expect(answer).toEqual([{ one: 1 }]);
  });
});
