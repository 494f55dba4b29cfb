import { availableParallelism } from "node:os";
import { describe, expect, test } from "vitest";
import { withDatabase } from "../../src/postgres/database.ts";
import { atOnceByCores, sessionsFor } from "../../src/postgres/free-sessions.ts";
import { useDatabase } from "../support/database.ts";
import { problemsOf } from "../support/migrate.ts";
import { useRole } from "../support/role.ts";

const server = useDatabase();
const { connection, query } = server;
const role = useRole(server);
const ordinary = () => ({ ...connection, user: role.user, password: role.password });

const asked = (sessions: number) =>
  withDatabase(connection, 1, (database) => sessionsFor(database, connection, sessions));

describe("how many schemas go at once", () => {
  test("is what was asked for", async () => {
    expect(await asked(3)).toBe(3);
  });

  test("is at least one and at most sixteen where nothing was asked", async () => {
    const sessions = await asked(0);
    expect(sessions).toBeGreaterThanOrEqual(1);
    expect(sessions).toBeLessThanOrEqual(16);
  });

  test("goes by the cores of this machine, of which a server that is here needs its share", () => {
    const cores = availableParallelism();
    for (const host of ["localhost", "127.0.0.1", "::1", "/run/postgresql"]) {
      expect(atOnceByCores({ host })).toBe(Math.min(16, 2 * cores));
    }
    expect(atOnceByCores({ host: "db.example.com" })).toBe(Math.min(16, 4 * cores));
  });

  test("leaves half of a database's own limit free", async () => {
    const [{ name } = { name: "" }] = await query<{ name: string }>("SELECT current_database() AS name");
    const open = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database()";
    const [{ n } = { n: 0 }] = await query<{ n: number }>(open);
    // Four more than there are, one of them for the session that asks.
    await query(`ALTER DATABASE ${name} CONNECTION LIMIT ${n + 5}`);
    expect(await asked(0)).toBeLessThanOrEqual(2);
    expect(await problemsOf(asked(50))).toMatchObject([{ code: "no-free-sessions", asked: 50 }]);
    await query(`ALTER DATABASE ${name} CONNECTION LIMIT -1`);
  });

  test("counts other roles' sessions too, of which an ordinary role does not see what they are", async () => {
    const free = () =>
      withDatabase(ordinary(), 1, async (database) => {
        const [problem] = await problemsOf(sessionsFor(database, ordinary(), 1_000));
        return problem?.code === "no-free-sessions" ? problem.free : undefined;
      });
    const before = (await free()) ?? 0;
    await withDatabase(connection, 8, async (database) => {
      const all = Promise.withResolvers<void>();
      const held = Array.from({ length: 8 }, () => database.withClient(() => all.promise));
      await expect.poll(database.signedIn).toBe(8);
      const meanwhile = await free();
      all.resolve();
      await Promise.all(held);
      // Others come and go, but for these.
      expect(meanwhile).toBeLessThanOrEqual(before - 4);
    });
  });

  test("counts those that the run has already, from reading the ledgers", async () => {
    const [{ name } = { name: "" }] = await query<{ name: string }>("SELECT current_database() AS name");
    const open = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database()";
    const [{ n } = { n: 0 }] = await query<{ n: number }>(open);
    await query(`ALTER DATABASE ${name} CONNECTION LIMIT ${n + 5}`);
    const sessions = await withDatabase(connection, 5, async (database) => {
      const reading = Promise.withResolvers<void>();
      const readers = Array.from({ length: 4 }, () => database.withClient(() => reading.promise));
      await expect.poll(database.signedIn).toBe(4);
      reading.resolve();
      await Promise.all(readers);
      return sessionsFor(database, connection, 4);
    });
    expect(sessions).toBe(4);
    await query(`ALTER DATABASE ${name} CONNECTION LIMIT -1`);
  });
});
