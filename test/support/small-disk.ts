import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { serverUser } from "../../toolchain/embedded-postgres/binaries.ts";

/** A file system of its own that the embedded server may write to. */
export interface SmallDisk {
  readonly folder: string;
  readonly grow: (mebibytes: number) => Promise<void>;
  readonly unmount: () => Promise<void>;
}

/** Mounts a file system of so many MiB; undefined where this machine does not let us, which takes root on Linux. */
export async function mountSmallDisk(mebibytes: number): Promise<SmallDisk | undefined> {
  if (process.platform !== "linux" || !serverUser) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "small-disk-"));
  const options = `size=${mebibytes}m,uid=${serverUser.uid},gid=${serverUser.gid},mode=0700`;
  const mounted = await execa("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { reject: false });
  if (mounted.exitCode !== 0) {
    rmdirSync(folder);
    return undefined;
  }
  return {
    folder,
    grow: async (more) => {
      await execa("mount", ["-o", `remount,size=${more}m`, folder]);
    },
    unmount: async () => {
      await execa("umount", [folder]);
      rmdirSync(folder);
    },
  };
}
