import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { installAlembic } from "../../test/support/alembic.ts";
import { libpq } from "../server.ts";
import type { Job, Measured, Tool } from "../tool.ts";
import { ALL } from "../workloads.ts";

const SCRIPTS = join(import.meta.dirname, "alembic");

/** Alembic as a loop over schemas in one Python process, which is the fastest way it can be used so. */
export async function alembic(): Promise<Tool> {
  const { python, missing } = await installAlembic();
  return {
    name: "alembic loop",
    what: "one Python process and one connection, `alembic.command.upgrade` schema by schema, a transaction a migration. Counted inside the process.",
    missing,
    workloads: ALL,
    slow: true,
    prepare: writeChain,
    run: (job) => loop(python ?? "", job),
  };
}

async function writeChain({ folder, migrations }: Job): Promise<void> {
  const versions = join(folder, "alembic", "versions");
  await mkdir(versions, { recursive: true });
  await cp(join(SCRIPTS, "env.py"), join(folder, "alembic", "env.py"));
  for (const [index, { id, up, down }] of migrations.entries()) {
    const before = migrations[index - 1];
    const lines = [
      "from alembic import op",
      `revision = "${id}"`,
      `down_revision = ${before ? `"${before.id}"` : "None"}`,
      `def upgrade():\n    op.execute("""${up}""")`,
      `def downgrade():\n    op.execute("""${down}""")`,
    ];
    await writeFile(join(versions, `${id}.py`), `${lines.join("\n")}\n`);
  }
}

async function loop(python: string, { connection, schemas, migrations, to, folder }: Job): Promise<Measured> {
  const job = { scripts: join(folder, "alembic"), schemas, to, revision: migrations[to - 1]?.id ?? "base" };
  const { stdout } = await execa(python, [join(SCRIPTS, "loop.py")], {
    env: libpq(connection),
    input: JSON.stringify(job),
  });
  return JSON.parse(stdout) as Measured;
}
