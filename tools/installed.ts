/** Programs that are installed on this machine, and what they were built with. @module */

import { run } from "./command.ts";
import type { Feature } from "./recipes.ts";

/** The programs on a PATH that bear one of the names, the first name's first. */
export async function* programsOnPath(
  names: readonly string[],
  path: string = Deno.env.get("PATH") ?? "",
): AsyncGenerator<string> {
  for (const name of names) {
    for (const directory of path.split(":").filter((entry) => entry.startsWith("/"))) {
      const file = `${directory}/${name}`;
      if (await isProgram(file)) yield file;
    }
  }
}

async function isProgram(file: string): Promise<boolean> {
  try {
    const { isFile, mode } = await Deno.stat(file);
    return isFile && (mode === null || (mode & 0o111) !== 0);
  } catch (error) {
    const { NotADirectory, NotFound, PermissionDenied } = Deno.errors; // all usual on a PATH
    if ([NotADirectory, NotFound, PermissionDenied].some((kind) => error instanceof kind)) {
      return false;
    }
    throw error;
  }
}

/** Whether a program was built with a feature. */
export async function hasFeature(
  file: string,
  feature: Feature,
  env: Readonly<Record<string, string>> = {},
): Promise<boolean> {
  if ("mark" in feature) return await contains(file, feature.mark);
  return (await run(file, feature.args, { env })).code === 0;
}

async function contains(file: string, mark: string): Promise<boolean> {
  const bytes = await Deno.readFile(file);
  const wanted = new TextEncoder().encode(mark);
  let at = bytes.indexOf(wanted[0]);
  while (at >= 0) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return true;
    at = bytes.indexOf(wanted[0], at + 1);
  }
  return false;
}
