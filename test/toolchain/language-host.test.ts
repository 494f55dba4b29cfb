import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { layoutIn } from "../../toolchain/install/layout.ts";
import { isStandIn } from "../../toolchain/install/stand-in.ts";
import { installTools } from "../../toolchain/install.ts";
import { scratchProgram } from "./scratch-program.ts";

// Where the vendor's language host can be had it runs instead: the same behaviour, other words.
await installTools();
const standIn = isStandIn(layoutIn().languageHost);

const slowResource = `
  import * as pulumi from "@pulumi/pulumi";
  class Slow extends pulumi.dynamic.Resource {
    constructor(opts: pulumi.CustomResourceOptions) {
      const create = async () => {
        await new Promise((resolve) => setTimeout(resolve, 3000));
        return { id: "made", outs: {} };
      };
      super({ create }, "slow", {}, opts);
    }
  }
`;

test("a program is TypeScript on Node 24, with config, secrets, and hooks that run in a preview", async () => {
  await using program = await scratchProgram(`${slowResource}
    const config = new pulumi.Config();
    console.log("on Node", process.versions.node.split(".")[0], "with", config.require("plain"));
    const hook = new pulumi.ResourceHook("hook", async ({ name }) => console.log("hook of", name), { onDryRun: true });
    new Slow({ hooks: { beforeCreate: [hook] } });
    export const secret = config.requireSecret("hidden");
  `);
  await program.pulumi("config", "set", "plain", "a value");
  await program.pulumi("config", "set", "--secret", "hidden", "hunter2");
  const { exitCode, all } = await program.pulumi("preview");
  expect(all).toContain("on Node 24 with a value");
  expect(all).toContain("hook of slow");
  expect(all).toContain("[secret]");
  expect(all).not.toContain("hunter2");
  expect(exitCode).toBe(0);
});

test("an error that the program reports is shown once; one that it does not is told with the exit code", async () => {
  await using program = await scratchProgram(`
    import * as pulumi from "@pulumi/pulumi";
    if (new pulumi.Config().getBoolean("crash")) process.exit(7);
    throw new pulumi.RunError("no such tenant");
  `);
  const reported = await program.pulumi("preview", "--suppress-progress");
  expect(reported.exitCode).not.toBe(0);
  expect(reported.all).toContain("error: no such tenant");
  expect(reported.all).not.toContain("exit code");

  await program.pulumi("config", "set", "crash", "true");
  const crashed = await program.pulumi("preview", "--suppress-progress");
  expect(crashed.exitCode).not.toBe(0);
  expect(crashed.all).toMatch(/exit(ed with non-zero exit)? code:? 7/);
});

test("Ctrl-C lets a resource that is being made be finished and recorded, and leaves no process", async () => {
  await using program = await scratchProgram(`${slowResource}
    new Slow({});
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  `);
  const up = program.start("up", "--yes", "--skip-preview");
  await up.says("Resource slow creating");
  up.kill("SIGINT");
  const { all } = await up.ended;
  expect(all).toContain("update canceled");
  const { all: state } = await program.pulumi("stack", "export");
  expect(state).toContain('"id": "made"');
  const { stdout: processes } = await execa("ps", ["-eo", "args"]);
  expect(processes).not.toContain(program.folder);
});

test.runIf(standIn)("a runtime option that it does not know is refused, not ignored", async () => {
  await using program = await scratchProgram("export {};");
  const file = join(program.folder, "Pulumi.yaml");
  writeFileSync(
    file,
    readFileSync(file, "utf8").replace("typescript: false", "typescript: false, nodeargs: --inspect"),
  );
  const { exitCode, all } = await program.pulumi("preview");
  expect(exitCode).not.toBe(0);
  expect(all).toContain('this stand-in for the Node.js language host knows no runtime option "nodeargs"');
});

test.runIf(standIn)("a config that the system cannot hand to a program is told as that", async () => {
  await using program = await scratchProgram("export {};");
  const schemas = Array.from({ length: 10_000 }, (_, index) => `tenant_${index}`);
  appendFileSync(
    join(program.folder, "Pulumi.test.yaml"),
    `config: ${JSON.stringify({ "scratch:schemas": schemas })}\n`,
  );
  const { exitCode, all } = await program.pulumi("preview", "--suppress-progress");
  expect(exitCode).not.toBe(0);
  expect(all).toContain("error: the stack's config is too large to be handed to the program: Pulumi puts it into one");
});
