import { hostname, userInfo } from "node:os";
import { execa } from "execa";
import { expect, test } from "vitest";
import { actor } from "../../src/pulumi/actor.ts";

test("who runs is told by name", () => {
  expect(actor()).toBe(`${userInfo().username}@${hostname()}`);
});

const mayBecome = process.getuid?.() === 0;

/** As a user that no passwd file knows. */
async function asNobodyKnown(env: Readonly<Record<string, string>>): Promise<string> {
  const code =
    `const { actor } = await import(${JSON.stringify(new URL("../../src/pulumi/actor.ts", import.meta.url))});` +
    "process.setgid(54321); process.setuid(54321); console.log(actor());";
  const { stdout } = await execa(process.execPath, ["--input-type=module", "--eval", code], { env, extendEnv: false });
  return stdout;
}

test.skipIf(!mayBecome)(
  `or else by the environment, or by number${mayBecome ? "" : " (skipped: only root becomes someone else)"}`,
  async () => {
    expect(await asNobodyKnown({ USER: "ci" })).toBe(`ci@${hostname()}`);
    expect(await asNobodyKnown({})).toBe(`uid 54321@${hostname()}`);
  },
);
