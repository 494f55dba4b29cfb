import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { clientConfig, type TestDatabase, useDatabase } from "../support/database.ts";
import { type Ended, type ScratchProgram, scratchProgram } from "./scratch-program.ts";

/** Type, arguments and options. */
export type Resource = readonly ["Role" | "Grant" | "DefaultPrivileges" | "GrantRole", object, object?];

/** A program of roles and privileges, and what they come to in the server. */
export interface RolesProgram {
  readonly database: TestDatabase;
  /** A role's name for this test alone, for roles belong to the server, which other test files use at the same time. */
  readonly named: (role: string) => string;
  /** Makes the program declare these and no others. */
  readonly declare: (resources: readonly Resource[], port?: number) => void;
  readonly pulumi: ScratchProgram["pulumi"];
  /** Deploys these and no others, whatever comes of it. Deletes what tests before left. */
  readonly up: (...resources: readonly Resource[]) => Promise<Ended>;
  /** The same, resolving with what the CLI says once it has succeeded. */
  readonly deploy: (...resources: readonly Resource[]) => Promise<string>;
  /** The same for what is declared already, but looks first how it is in the server. */
  readonly deployAgain: () => Promise<string>;
  /** Expects that neither a refresh nor a deployment has anything to do. */
  readonly isUpToDate: () => Promise<string>;
  /** What comes of `sql` for the role, signed in with its password if given: the first column's values, or the SQLSTATE. */
  readonly as: (role: string, sql: string, password?: string) => Promise<unknown>;
}

export const denied = "42501";

/** Makes a database and a program for the file's tests. Before each one, schema `shop` holds what can be granted. */
export function useRolesProgram(): RolesProgram {
  const database = useDatabase();
  const { connection } = database;
  let program: ScratchProgram;
  let tests = 0;

  beforeAll(async () => {
    program = await scratchProgram(source(connection), { SERVER_PASSWORD: String(connection.password) });
  });
  afterAll(async () => {
    await up();
    await program[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    tests += 1;
    await database.query(`
      DROP SCHEMA IF EXISTS shop CASCADE;
      CREATE SCHEMA shop;
      CREATE TABLE shop.orders(id int);
      CREATE TABLE shop."Odd ""table"""(id int);
      CREATE SEQUENCE shop.numbers;
      CREATE FUNCTION shop.answer() RETURNS int LANGUAGE sql AS 'SELECT 42';
      REVOKE ALL ON FUNCTION shop.answer() FROM public;
    `);
  });

  function declare(resources: readonly Resource[], port = connection.port): void {
    writeFileSync(join(program.folder, "resources.json"), JSON.stringify({ port, test: `test${tests}-`, resources }));
  }
  async function up(...resources: readonly Resource[]): Promise<Ended> {
    declare(resources);
    return program.pulumi("up", "--yes", "--skip-preview");
  }
  return {
    database,
    named: (role) => `${connection.database} "${tests}" ${role}`,
    declare,
    pulumi: (...args) => program.pulumi(...args),
    up,
    deploy: async (...resources) => succeeded(await up(...resources)),
    deployAgain: async () => succeeded(await program.pulumi("up", "--refresh", "--yes", "--skip-preview")),
    isUpToDate: async () => succeeded(await program.pulumi("preview", "--refresh", "--expect-no-changes")),
    async as(role, sql, password) {
      const own = password === undefined ? {} : { user: role, password };
      const client = new pg.Client(clientConfig({ ...connection, ...own }));
      try {
        await client.connect();
        if (password === undefined) await client.query(`SET SESSION AUTHORIZATION ${pg.escapeIdentifier(role)}`);
        const { rows } = await client.query<unknown[]>({ text: sql, rowMode: "array" });
        return rows.map(([value]) => value);
      } catch (error) {
        if (error instanceof pg.DatabaseError) return error.code;
        throw error;
      } finally {
        await client.end();
      }
    },
  };
}

/** What the CLI says; a failed expectation that shows it where it ended otherwise than well. */
export function succeeded({ exitCode, all }: Ended): string {
  expect(exitCode, all).toBe(0);
  return all;
}

const source = ({ host, user, database }: TestDatabase["connection"]): string => `
  import { readFileSync } from "node:fs";
  import * as postgresql from "@pulumi/postgresql";
  const { port, test, resources } = JSON.parse(readFileSync("resources.json", "utf8"));
  const provider = new postgresql.Provider("server", {
    host: "${host}",
    port,
    username: "${user}",
    password: process.env.SERVER_PASSWORD ?? "",
    database: "${database}",
    sslmode: "disable",
  });
  const roles = resources
    .filter(([type]) => type === "Role")
    .map(([, args, options], at) => new postgresql.Role(test + "role" + at, args, { provider, ...options }));
  resources
    .filter(([type]) => type !== "Role")
    .forEach(([type, args], at) => new postgresql[type](test + type + at, args, { provider, dependsOn: roles }));
`;
