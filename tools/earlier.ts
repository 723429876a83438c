/**
 * The service as it was released, checked out beside this one for as long as a bench or a test runs: the
 * same machine in the same minute tells what has been gained, and numbers written down once do not.
 *
 * @module
 */

import { outputOf } from "./command.ts";
import { startFlags } from "./permissions.ts";
import { type Program, ROOT, sourceProgram } from "./program.ts";

/** What it is called in the tables. */
export const EARLIER = "1.0.0";
const COMMIT = "6287dd53a7267cf99570f5faf4d4709d7699c91a";
/** It may have to download a runtime. */
const COMPILE_MS_MAX = 300_000;

/** A working tree of that release. Disposal removes it. */
export interface Earlier extends AsyncDisposable {
  /** From source. */
  readonly program: Program;
  /**
   * Compiles it in its own way.
   *
   * @throws {Error} with its words, where it cannot
   */
  compile(output: string): Promise<void>;
}

/** Whether this repository has the commit of that release. */
export async function hasEarlier(): Promise<boolean> {
  try {
    await git("cat-file", "-e", `${COMMIT}^{commit}`);
    return true;
  } catch {
    return false;
  }
}

/**
 * Checks the release out into a temporary directory.
 *
 * @returns nothing where this repository does not have the commit; the log says so then
 * @throws {Error} with git's words, where it has the commit and cannot check it out
 */
export async function checkOutEarlier(log: (line: string) => void): Promise<Earlier | undefined> {
  if (!await hasEarlier()) {
    log(`${EARLIER} is left out: no commit ${COMMIT.slice(0, 7)} in ${ROOT}, or no git`);
    return undefined;
  }
  await using stack = new AsyncDisposableStack();
  const root = await Deno.makeTempDir({ prefix: `dynamic-sharding-${EARLIER}-` });
  stack.defer(() => Deno.remove(root, { recursive: true }).catch(ignoreMissing));
  // Before it is added: it may come about in part.
  stack.defer(async () => {
    await git("worktree", "remove", "--force", root).catch(() => {});
  });
  await git("worktree", "add", "--detach", root, COMMIT);
  const { tasks } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  const kept = stack.move();
  return {
    program: sourceProgram(root, startFlags(tasks.start)),
    compile: async (output) => {
      const args = ["task", "--quiet", "compile", `--output=${output}`];
      await outputOf(Deno.execPath(), args, { cwd: root, msMax: COMPILE_MS_MAX });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function git(...args: readonly string[]): Promise<void> {
  await outputOf("git", [...args], { cwd: ROOT });
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
