import { basename } from "node:path";

/** A place in a file, as Node tells it. */
export interface Frame {
  readonly line: number;
  readonly column: number;
}

/** The first place in a file that an error's stack leads through; undefined where it does not. Modules have their name alone. */
export function frameIn(file: string, stack: string | undefined): Frame | undefined {
  const frames = (stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const places = frames.flatMap((frame) => {
    const [, path = "", line, column] = /([^/\\]+):(\d+):(\d+)\)?$/.exec(frame) ?? [];
    return isNamed(file, path) ? [{ line: Number(line), column: Number(column) }] : [];
  });
  return places[0];
}

/** True where a path, or the URL of one, ends in the file's name. */
export function isNamed(file: string, path: string): boolean {
  const name = basename(path);
  return name === basename(file) || name === encodeURI(basename(file));
}
