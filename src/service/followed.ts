/**
 * Follows files that belong to a configuration: changes of their content take effect without a reload.
 *
 * A file is usually written in several steps, and a part of it may be right by itself. So a change counts
 * when two looks in a row have found the same content.
 *
 * @module
 */

import { sleep } from "../concurrency/backoff.ts";
import type { Task } from "../concurrency/run_group.ts";
import { ConfigError } from "../config/load.ts";
import { errorText, type Logger } from "../log.ts";
import { createTrouble } from "../log/trouble.ts";

/** Follows files. */
export interface Following {
  /**
   * Looks at the files until the signal aborts.
   *
   * @param onJudged called with whether the content is in force. It is not if it is wrong
   */
  follow(onJudged: (isInForce: boolean) => void, signal: AbortSignal): Promise<void>;
}

/** Files, with their content when it was last taken over. */
export interface Followed<T> extends Following {
  readonly current: T;
}

/** What following files needs. */
export interface FollowedDeps<T> {
  /** What names the files in the log: a flag, or a section of the configuration. */
  readonly of: string;
  /** The file that the log names. */
  readonly file: string;
  /**
   * Reads the files.
   *
   * @param before their content at the last look
   * @throws {ConfigError} if they are wrong
   */
  readonly read: (before: T) => Promise<T>;
  readonly isSame: (a: T, b: T) => boolean;
  /**
   * Called before other content is in force.
   *
   * @throws if it cannot be in force: the former content stays
   */
  readonly onChange?: (next: T, former: T) => void;
  readonly log: Logger;
}

/** Time between two looks at the files. */
const LOOK_MS = 5_000;

/** The result of one look. */
type Look<T> = { readonly held: T } | { readonly problems: readonly string[] };

/**
 * Creates what follows files.
 *
 * @param first their content
 */
export function createFollowed<T>(first: T, deps: FollowedDeps<T>): Followed<T> {
  const { of, file, read, isSame, onChange, log } = deps;
  let current = first;
  /** The result of the last look, and the content at the last look that found it right. */
  let [last, held]: [Look<T>, T] = [{ held: first }, first];
  const trouble = createTrouble();

  async function look(): Promise<Look<T>> {
    try {
      held = await read(held);
      return { held };
    } catch (error) {
      return { problems: problemsOf(error) };
    }
  }

  /** Puts content in force. Returns what is wrong with it. */
  function takeOver(next: T): readonly string[] {
    try {
      onChange?.(next, current);
    } catch (error) {
      return problemsOf(error);
    }
    current = next;
    log.info("changed files taken over", { of, file, ...trouble.over() });
    return [];
  }

  function tell(problems: readonly string[]): void {
    if (problems.length === 0) {
      const past = trouble.over();
      if (past) log.info("changed files are the running ones again", { of, file, ...past });
    } else if (trouble.isNews(String(problems))) {
      for (const problem of problems) {
        log.warn("changed files not taken over, the running ones stay", { of, problem });
      }
    }
  }

  /** Returns what is wrong; `undefined` if the next look decides it. */
  function judge(found: Look<T>, before: Look<T>): readonly string[] | undefined {
    if ("problems" in found) {
      const isSettled = "problems" in before && String(found.problems) === String(before.problems);
      return isSettled ? found.problems : undefined;
    }
    if (isSame(found.held, current)) return [];
    const isSettled = "held" in before && isSame(found.held, before.held);
    return isSettled ? takeOver(found.held) : undefined;
  }

  return {
    get current() {
      return current;
    },
    async follow(onJudged, signal) {
      for (;;) {
        await sleep(LOOK_MS, signal);
        if (signal.aborted) return;
        const found = await look();
        if (signal.aborted) return;
        const problems = judge(found, last);
        last = found;
        if (!problems) continue;
        onJudged(problems.length === 0);
        tell(problems);
      }
    },
  };
}

/**
 * Returns tasks that follow files, each on its own.
 *
 * @param onJudged called after each look at them
 */
export type FollowAll = (all: readonly Following[], onJudged?: () => void) => Task[];

/**
 * Creates what follows the files of one service.
 *
 * @param onJudged called with whether the content of all followed files is in force
 */
export function createFollowAll(onJudged: (areInForce: boolean) => void): FollowAll {
  const refused = new Set<Following>();
  return (all, onOwnJudged) =>
    all.map((one) => async (signal) => {
      const judge = (isInForce: boolean) => {
        if (isInForce) refused.delete(one);
        else refused.add(one);
        onJudged(refused.size === 0);
      };
      await one.follow((isInForce) => {
        judge(isInForce);
        onOwnJudged?.();
      }, signal);
      judge(true); // files that are no longer followed are no trouble
    });
}

function problemsOf(error: unknown): readonly string[] {
  return error instanceof ConfigError ? error.problems : [errorText(error)];
}
