import { describe, expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { standingRows } from "../support/ledger.ts";
import { makeProject } from "../support/project.ts";
import { catalogSnapshot } from "../support/snapshot.ts";

const database = useDatabase();
const { query } = database;
const project = await makeProject({ connection: database.connection, stacks: { prod: ["prod"] } });

const HEAD = "0015_create_agenda_view";
const BEFORE_CPF = "0009_8285db59cac3_backfill_payments_amount_cents";

describe("a stack's life, through the real CLI", () => {
  it("previews an empty database without writing anything to it", async () => {
    const before = await catalogSnapshot(database);
    const { exitCode, output } = await project.pulumi("preview", "--stack", "prod");
    expect(output).toContain(`prod: base → ${HEAD}, 15 steps (the schema is created first)`);
    expect(output).toContain("add column users.cpf varchar(14)");
    expect(output).toContain(
      "create index appointments_client_id_starts_at_idx on appointments (client_id, starts_at), concurrently",
    );
    expect(output).toContain("The SQL, exactly as it would run: .preview/prod.sql");
    expect(exitCode).toBe(0);
    expect(await catalogSnapshot(database)).toEqual(before);
  });

  it("says nothing twice and prints no stack trace", async () => {
    const { output } = await project.pulumi("preview", "--stack", "prod");
    const diagnostics = output.slice(output.indexOf("Diagnostics:"));
    expect(diagnostics.match(/add column users\.cpf varchar\(14\)/g)).toHaveLength(1);
    expect(output).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
  });

  it("brings the schema to head, and tells before, after and the time of each step", async () => {
    const { exitCode, output } = await project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");
    expect(output).toMatch(new RegExp(`prod +base +${HEAD} +[\\d.]+ m?s`));
    expect(output).toMatch(/↑ 0010_add_cpf_and_address +[\d.]+ m?s/);
    expect(exitCode).toBe(0);
    expect(await ledger()).toHaveLength(15);
    expect(await columnsOf("users")).toContain("cpf");
  });

  it("has nothing to do the second time", async () => {
    const { exitCode, output } = await project.pulumi("up", "--yes", "--stack", "prod");
    expect(output).toContain("4 unchanged");
    expect(exitCode).toBe(0);
  });

  it("rolls back to a pin: the columns are gone, the other data is there", async () => {
    await query(
      "INSERT INTO prod.users (full_name, email, password_hash, cpf) VALUES ('Ana', 'ana@example.com', '-', '1')",
    );
    await project.pulumi("config", "set", "target", "8285db59cac3", "--stack", "prod");

    const preview = await project.pulumi("preview", "--diff", "--stack", "prod");
    expect(preview.output).toContain(`DOWNGRADE prod: ${HEAD} → ${BEFORE_CPF}, 6 steps; 6 revisions held back`);
    expect(preview.output).toContain("- drop column users.cpf, with 1 value");
    expect(preview.output).toMatch(/- drop column users\.cep$/m);
    expect(preview.output).toMatch(/- 0010_add_cpf_and_address *: "[0-9a-f]{32}"/);
    expect(await columnsOf("users")).toContain("cpf");

    const { exitCode, output } = await project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");
    expect(output).toContain("prod: drops users.cpf, with 1 value");
    expect(exitCode).toBe(0);
    expect((await ledger()).at(-1)).toBe(BEFORE_CPF);
    expect(await columnsOf("users")).not.toContain("cpf");
    expect(await query("SELECT full_name FROM prod.users")).toEqual([{ full_name: "Ana" }]);
  });

  it("returns to head when the pin is removed", async () => {
    await project.pulumi("config", "rm", "target", "--stack", "prod");
    const { exitCode } = await project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");
    expect(exitCode).toBe(0);
    expect((await ledger()).at(-1)).toBe(HEAD);
  });

  it("takes a relative target as one step, not as one more at each up", async () => {
    await project.pulumi("config", "set", "--stack", "prod", "target", "--", "-1");
    await project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");
    expect(await ledger()).toHaveLength(14);
    // Another change of the inputs is not another step.
    await project.pulumi("config", "set", "lockTimeoutMs", "4000", "--stack", "prod");
    const { output } = await project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");
    expect(output).toContain("1 updated");
    expect(await ledger()).toHaveLength(14);
    await project.pulumi("config", "rm", "target", "--stack", "prod");
    await project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");
    expect(await ledger()).toHaveLength(15);
  });

  it("shows in the preview what someone changed by hand", async () => {
    await query(`DROP VIEW prod.agenda; DELETE FROM prod.migration_ledger WHERE revision = '${HEAD}'`);
    const { output } = await project.pulumi("preview", "--stack", "prod");
    expect(output).toContain(`prod: 0014_backfill_users_phone_e164 → ${HEAD}, 1 step`);
    await project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");
    expect(await ledger()).toHaveLength(15);
  });

  it("goes on from another folder with the state made in this one", async () => {
    const moved = await project.move();
    const { exitCode, output } = await moved.pulumi("up", "--yes", "--stack", "prod");
    expect(output).toContain("4 unchanged");
    expect(exitCode).toBe(0);
    expect(moved.state("prod")).not.toContain(project.folder);

    const destroyed = await moved.pulumi("destroy", "--yes", "--skip-preview", "--stack", "prod");
    expect(destroyed.exitCode).toBe(0);
    expect(await query("SELECT full_name FROM prod.users")).toEqual([{ full_name: "Ana" }]);

    const adopted = await moved.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");
    expect(adopted.output).toContain("4 created");
    expect(await ledger()).toHaveLength(15);
  });
});

async function ledger(): Promise<readonly string[]> {
  const rows = await standingRows(database, "prod");
  return rows.map((row) => row.revision);
}

async function columnsOf(table: string): Promise<readonly string[]> {
  const rows = await query<{ column_name: string }>(
    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'prod' AND table_name = $1",
    [table],
  );
  return rows.map((row) => row.column_name);
}
