import { join } from "node:path";
import { execa } from "execa";
import type { Layout } from "./layout.ts";

const command = "github.com/pulumi/pulumi/pkg/v3";
const versionVariable = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

/** Builds the CLI into `folder` from the Go module of this project, with the machine's own Go settings. */
export async function buildWithGo(layout: Layout, folder: string): Promise<void> {
  const cwd = join(layout.project, "toolchain/pulumi-cli");
  await requireGo(layout, cwd);
  console.error(
    `Building the Pulumi CLI ${layout.cliVersion} with Go, since Pulumi's download site cannot be reached (3 to 5 minutes, once) ...`,
  );
  const { stdout: version } = await execa("go", ["list", "-m", "-f", "{{.Version}}", command], {
    cwd,
    stderr: "inherit",
  });
  if (version !== `v${layout.cliVersion}`) {
    throw new Error(
      `toolchain/pulumi-cli/go.mod builds the Pulumi CLI ${version}, but package.json has @pulumi/pulumi ${layout.cliVersion}. ` +
        `Run in toolchain/pulumi-cli: go get ${command}@v${layout.cliVersion} && go mod tidy`,
    );
  }
  const flags = ["-tags", "osusergo,grpcnotrace", "-ldflags", `-s -w -X ${versionVariable}=${version}`];
  await execa("go", ["build", ...flags, "-o", join(folder, "pulumi"), `${command}/cmd/pulumi`], {
    cwd,
    stdio: ["ignore", 2, 2],
  });
}

async function requireGo(layout: Layout, cwd: string): Promise<void> {
  try {
    await execa("go", ["version"], { cwd });
  } catch {
    throw new Error(
      [
        `The Pulumi CLI ${layout.cliVersion} is missing. Its download site, get.pulumi.com, cannot be reached, and there is no Go to build it with. One of these helps:`,
        "- make the site reachable (HTTPS_PROXY is respected), then run the same command again;",
        "- install Go 1.25 or later, then run the same command again;",
        `- unpack Pulumi's release ${layout.cliVersion} for this machine so that its programs lie in ${layout.cliFolder}`,
      ].join("\n"),
    );
  }
}
