/** What the service may do, as `deno task start` says it: the one place where that stands. @module */

import manifest from "../deno.json" with { type: "json" };

/**
 * The flags of Deno between `run` and the main module.
 *
 * @param start the task; that of this repository by default
 * @throws {Error} where the task has another form
 */
export function startFlags(start: string = manifest.tasks.start): string[] {
  const found = /^deno run (.*) main\.ts$/.exec(start);
  if (!found) throw new Error(`expected "deno run … main.ts", found ${start}`);
  return found[1].split(" ");
}
