import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Layout, layoutIn, projectFolder } from "../../toolchain/install/layout.ts";
import { installTools, toolsOrExit } from "../../toolchain/install.ts";

let layout: Layout;
const progress = vi.spyOn(console, "error");

beforeEach(() => {
  layout = layoutIn(mkdtempSync(join(tmpdir(), "tools-")));
  // A machine with neither the vendor nor Go: whatever is missing cannot be had.
  vi.stubGlobal("fetch", () => Promise.reject(new Error("unreachable")));
  vi.stubEnv("PATH", "/nowhere");
  progress.mockReset().mockImplementation(() => {});
});

afterEach(() => {
  rmSync(layout.tools, { recursive: true, force: true });
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

function write(file: string, content = "the vendor's program"): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

describe("with the tools in place", () => {
  test("is silent and says where they are", async () => {
    write(layout.cli);
    write(layout.postgresql);
    expect(await installTools(layout)).toEqual({
      pulumiHome: layout.pulumiHome,
      pulumi: layout.cli,
      env: {
        PULUMI_HOME: layout.pulumiHome,
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PATH: `${layout.cliFolder}:${join(projectFolder, "node_modules/.bin")}:/nowhere`,
      },
    });
    expect(progress).not.toHaveBeenCalled();
  });

  test("leaves the vendor's programs alone", async () => {
    for (const file of [layout.cli, layout.languageHost, layout.postgresql]) write(file);
    await installTools(layout);
    expect(readFileSync(layout.languageHost, "utf8")).toBe("the vendor's program");
    expect(readFileSync(layout.postgresql, "utf8")).toBe("the vendor's program");
  });

  test("makes stand-ins anew that point to where the project was before", async () => {
    write(layout.cli);
    const moved = "#!/bin/sh\n# Stand-in made by toolchain/install\nexec '/before/node' '/before/main.ts' \"$@\"\n";
    for (const file of [layout.languageHost, layout.postgresql]) write(file, moved);
    await installTools(layout);
    expect(readFileSync(layout.languageHost, "utf8")).toContain(`'${projectFolder}/toolchain/language-host/main.ts'`);
    expect(readFileSync(layout.postgresql, "utf8")).toContain(`'${projectFolder}/toolchain/postgresql-plugin/main.ts'`);
  });
});

describe("the CLI", () => {
  test("counts as missing where an install was interrupted, and the error names every way out", async () => {
    write(join(layout.tools, "workshop/bin/pulumi"));
    const error = await installTools(layout).then(
      () => "installed",
      (reason: unknown) => String(reason).replaceAll(layout.tools, "<tools>"),
    );
    expect(error).toMatchInlineSnapshot(`
      "Error: The Pulumi CLI 3.259.0 is missing. Its download site, get.pulumi.com, cannot be reached, and there is no Go to build it with. One of these helps:
      - make the site reachable (HTTPS_PROXY is respected), then run the same command again;
      - install Go 1.25 or later, then run the same command again;
      - unpack Pulumi's release 3.259.0 for this machine so that its programs lie in <tools>/pulumi/versions/3.259.0/bin"
    `);
    expect(existsSync(layout.cli)).toBe(false);
  });

  test("for a command it is the message alone that is printed, and the command ends", async () => {
    const exit = vi.spyOn(process, "exit").mockImplementation(() => {
      throw new Error("ended");
    });
    await expect(toolsOrExit(layout)).rejects.toThrow("ended");
    expect(exit).toHaveBeenCalledWith(1);
    expect(progress.mock.calls).toEqual([[expect.stringMatching(/^The Pulumi CLI .* is missing\./)]]);
    exit.mockRestore();
  });

  test("is built at the version that package.json has", () => {
    const goMod = readFileSync(join(projectFolder, "toolchain/pulumi-cli/go.mod"), "utf8");
    expect(goMod).toContain(`github.com/pulumi/pulumi/pkg/v3 v${layout.cliVersion}\n`);
  });
});

describe("the plugin of @pulumi/postgresql", () => {
  test("is replaced by the stand-in where it cannot be downloaded, saying so", async () => {
    write(layout.cli);
    await installTools(layout);
    expect(readFileSync(layout.postgresql, "utf8")).toContain("toolchain/postgresql-plugin/main.ts");
    expect(progress.mock.calls).toMatchInlineSnapshot(`
      [
        [
          "Using this project's stand-in for the plugin of @pulumi/postgresql 3.18.1: the official one cannot be downloaded here.",
        ],
      ]
    `);
  });

  test("counts as missing where its download was interrupted", async () => {
    write(layout.cli);
    write(layout.postgresql, "half of the vendor's pro");
    write(`${layout.postgresqlFolder}.partial`, "");
    await installTools(layout);
    expect(readFileSync(layout.postgresql, "utf8")).toContain("Stand-in");
    expect(existsSync(`${layout.postgresqlFolder}.partial`)).toBe(false);
  });

  test("is installed once by two runs at once", async () => {
    write(layout.cli);
    // The first run is busy with the vendor's site until the other one has found the lock taken.
    vi.stubGlobal("fetch", async () => {
      await vi.waitUntil(() => progress.mock.calls.some(([line]) => String(line).startsWith("Another run")), 10_000);
      throw new Error("unreachable");
    });
    await Promise.all([installTools(layout), installTools(layout)]);
    const said = progress.mock.calls.map(([line]) => String(line).slice(0, 40)).sort();
    expect(said).toEqual(["Another run is installing the tools: wai", "Using this project's stand-in for the pl"]);
  });
});
