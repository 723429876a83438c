/** The pages that a user reads. @module */

import { readdir } from "node:fs/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the source tree, with a slash at its end. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Reads a file of the source tree by its path below the root. */
export function read(path: string): Promise<string> {
  return Deno.readTextFile(`${ROOT}${path}`);
}

/** The README in both languages, and every page below docs/, by their paths below the root. */
export async function pages(): Promise<string[]> {
  const entries = await readdir(`${ROOT}docs`, { recursive: true, withFileTypes: true });
  const docs = entries.filter(({ name }) => name.endsWith(".md")).map(({ parentPath, name }) =>
    relative(ROOT, `${parentPath}/${name}`)
  );
  return ["README.md", "README.zh-CN.md", ...docs].sort();
}
