/** `npm run demo`: what a team does in a week, through the real CLI on a real server. Changes nothing outside its folder. */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import pg from "pg";
import { type EmbeddedServer, withEmbeddedPostgres } from "./embedded-postgres.ts";
import { layoutIn } from "./install/layout.ts";
import { toolsOrExit } from "./install.ts";
import { copyProject } from "./project-copy.ts";

const tools = await toolsOrExit();
const started = performance.now();
await withDemoFolder((folder) => withEmbeddedPostgres((server) => week(folder, server)));
say(
  `Done in ${Math.round((performance.now() - started) / 1_000)} s. The server and the folder of this demo are gone again.`,
);

async function week(folder: string, server: EmbeddedServer): Promise<void> {
  copyProject(folder, { dev: ["dev"], prod: ["prod"] });
  const pulumi = runner(folder, server, tools.pulumi);
  const sql = (text: string) => runSql(server, text);

  say("Monday. Two stacks, one database: dev owns the schema dev, prod owns prod.");
  await pulumi("stack init dev");
  await pulumi("stack init prod");

  say("Dev goes first, up to head.");
  await pulumi("up --yes --skip-preview --stack dev");

  say("Tuesday. What would prod get? A preview asks the server and changes nothing.");
  await pulumi("preview --stack prod");

  say("Deploy it.");
  await pulumi("up --yes --skip-preview --stack prod");

  say("Again: nothing to do.");
  await pulumi("up --yes --skip-preview --stack prod");

  say("Wednesday. The salon opens.");
  await sql(
    "INSERT INTO prod.users (full_name, email, password_hash, cpf, city) VALUES ('Ana Souza', 'ana@example.com', '-', '123.456.789-09', 'Recife')",
  );

  say("Thursday. Someone takes the last revision back by hand, view and ledger row. The next preview shows it.");
  await sql("DROP VIEW prod.agenda; DELETE FROM prod.migration_ledger WHERE revision = '0015_create_agenda_view'");
  await pulumi("preview --stack prod");
  await pulumi("up --yes --skip-preview --stack prod");

  say("Friday. The CPF release has to go back. The pin is the rollback; the preview says what will be lost.");
  await pulumi("config set target 8285db59cac3 --stack prod");
  await pulumi("preview --stack prod");
  await pulumi("up --yes --skip-preview --stack prod");
  await sql("SELECT full_name, email FROM prod.users");
  await sql(
    "SELECT count(*) AS cpf_columns FROM information_schema.columns WHERE table_schema = 'prod' AND column_name = 'cpf'",
  );

  say("A typo in the pin is refused before anything happens.");
  await pulumi("config set target 8285db59cac8 --stack prod");
  await pulumi("preview --stack prod", { fails: true });

  say("Mended. Without the pin, prod returns to head.");
  await pulumi("config rm target --stack prod");
  await pulumi("up --yes --skip-preview --stack prod");

  say("Where does everything stand?");
  const status = join(folder, "src/status/main.ts");
  await show("npm run status", () => execa(process.execPath, [status], options(folder, server)));
}

function runner(folder: string, server: EmbeddedServer, cli: string) {
  return (line: string, { fails = false } = {}) =>
    show(`pulumi ${line}`, async () => {
      const quiet = line.startsWith("up") || line.startsWith("preview") ? ["--suppress-progress"] : [];
      const args = [...line.split(" "), ...quiet, "--non-interactive"];
      const { exitCode } = await execa(cli, args, { ...options(folder, server), reject: !fails });
      if (fails && exitCode === 0) throw new Error(`"pulumi ${line}" should have been refused`);
    });
}

function options(folder: string, server: EmbeddedServer) {
  const env = {
    ...tools.env,
    ...server.env,
    PULUMI_BACKEND_URL: `file://${folder}/.state`,
    PULUMI_CONFIG_PASSPHRASE: "demo",
  };
  return { cwd: folder, env, stdin: "ignore", stdout: "inherit", stderr: "inherit" } as const;
}

async function runSql(server: EmbeddedServer, text: string): Promise<void> {
  await show(`psql -c "${text}"`, async () => {
    const client = new pg.Client(server);
    await client.connect();
    try {
      const { rows } = await client.query(text);
      if (rows?.length > 0) console.table(rows);
    } finally {
      await client.end();
    }
  });
}

async function show(command: string, run: () => Promise<unknown>): Promise<void> {
  console.log(`\n$ ${command}`);
  await run();
}

function say(text: string): void {
  console.log(`\n━━ ${text}`);
}

async function withDemoFolder<T>(callback: (folder: string) => Promise<T>): Promise<T> {
  const { tools: parent } = layoutIn();
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "demo-"));
  await mkdir(join(folder, ".state"));
  try {
    return await callback(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
