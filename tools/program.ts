/** The service as a program that can be started: from a source tree, or compiled. @module */

import { startFlags } from "./permissions.ts";

/** What goes before the service's own flags. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where to start it. */
  readonly cwd?: string;
}

/** This repository. */
export const ROOT = new URL("..", import.meta.url).pathname;

/**
 * `main.ts` of a source tree.
 *
 * @param flags what Deno is told before it, in the place of the permissions of `deno task start`
 */
export function sourceProgram(root: string, flags: readonly string[] = startFlags()): Program {
  return { command: Deno.execPath(), args: ["run", ...flags, "main.ts"], cwd: root };
}

/** A compiled program, which has its permissions within it. */
export function compiledProgram(path: string): Program {
  return { command: path, args: [] };
}
