import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../../toolchain/install/layout.ts";

/** The fenced blocks of one language on a page in docs/, so that what people copy is what is tested. */
export function codeBlocks(page: string, language: string): readonly string[] {
  const text = readFileSync(join(projectFolder, "docs", page), "utf8");
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, found, code = ""]) =>
    found === language ? [code] : [],
  );
}
