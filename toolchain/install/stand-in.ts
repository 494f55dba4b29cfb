import { closeSync, existsSync, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync } from "node:fs";

const firstLines = "#!/bin/sh\n# Stand-in made by toolchain/install\n";

/** Whether `file` is one of ours and not the vendor's program; false where there is no such file. */
export function isStandIn(file: string): boolean {
  if (!existsSync(file)) return false;
  const start = Buffer.alloc(firstLines.length);
  const descriptor = openSync(file, "r"); // the vendor's programs are too large to read whole
  try {
    readSync(descriptor, start);
  } finally {
    closeSync(descriptor);
  }
  return start.toString() === firstLines;
}

/**
 * Makes `file` an executable that runs `script` with the Node of this process. A stand-in that says otherwise, as after the
 * project folder was moved, is made anew.
 */
export function writeStandIn(file: string, script: string): void {
  const content = `${firstLines}exec ${shellQuoted(process.execPath)} ${shellQuoted(script)} "$@"\n`;
  if (isStandIn(file) && readFileSync(file, "utf8") === content) return;
  const draft = `${file}.${process.pid}`;
  rmSync(draft, { force: true });
  writeFileSync(draft, content, { mode: 0o755 });
  renameSync(draft, file);
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
