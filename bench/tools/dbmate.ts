import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { execa } from "execa";
import { type Job, type Tool, timed } from "../tool.ts";
import { ALL } from "../workloads.ts";

/** dbmate as its users run it over schemas: a process for each, which takes the schema from the URL's search path. */
export async function dbmate(): Promise<Tool> {
  const binary = findBinary();
  const { exitCode } = await execa(binary, ["--version"], { reject: false });
  return {
    name: "dbmate",
    what: "one process after the other, one a schema (`dbmate migrate`; for a rollback one a migration, `dbmate rollback`). The whole processes.",
    missing: exitCode === 0 ? undefined : "dbmate is not on the PATH",
    workloads: ALL,
    slow: true,
    prepare: writeMigrations,
    run: (job) => timed(() => loop(binary, job)),
  };
}

/** That of the npm package, which not every platform has; else the one on the PATH. */
function findBinary(): string {
  try {
    return createRequire(import.meta.url).resolve(`@dbmate/${process.platform}-${process.arch}/bin/dbmate`);
  } catch {
    return "dbmate";
  }
}

async function writeMigrations({ folder, migrations }: Job): Promise<void> {
  await mkdir(join(folder, "dbmate"), { recursive: true });
  for (const { id, up, down } of migrations) {
    await writeFile(join(folder, "dbmate", `${id}.sql`), `-- migrate:up\n${up}\n-- migrate:down\n${down}`);
  }
}

async function loop(binary: string, { connection, schemas, to, folder }: Job): Promise<void> {
  const { user, password = "", host, port, database } = connection;
  for (const { name, from } of schemas) {
    const url = `postgres://${user}:${password}@${host}:${port}/${database}?sslmode=disable&search_path=${name}`;
    const flags = ["--migrations-dir", join(folder, "dbmate"), "--no-dump-schema"];
    const commands = from > to ? Array.from({ length: from - to }, () => "rollback") : ["migrate"];
    for (const command of commands)
      await execa(binary, [...flags, command], { env: { DATABASE_URL: url }, cwd: folder });
  }
}
