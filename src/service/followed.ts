/**
 * Follows files that belong to a configuration: what they hold is taken over without a reload.
 *
 * Whoever writes a file does so in several steps, as a rule, and a part of it may be right by itself. So
 * what has changed counts once it was found the same at two looks in a row.
 *
 * @module
 */

import { sleep } from "../concurrency/backoff.ts";
import type { Task } from "../concurrency/run_group.ts";
import { ConfigError } from "../config/load.ts";
import { createTold, errorText, type Logger } from "../log.ts";

/** What follows files. */
export interface Following {
  /**
   * Looks at the files until the signal aborts.
   *
   * @param onJudged is told whether what they hold is in force: it is not where that is wrong
   */
  follow(onJudged: (isInForce: boolean) => void, signal: AbortSignal): Promise<void>;
}

/** What files held when they were last taken over. */
export interface Followed<T> extends Following {
  readonly current: T;
}

/** What following files takes. */
export interface FollowedDeps<T> {
  /** What names the files, for the log: a flag, or a section of the configuration. */
  readonly of: string;
  /** The one of them that the log names. */
  readonly file: string;
  /**
   * Reads the files.
   *
   * @param before what they held at the last look
   * @throws {ConfigError} where they are wrong
   */
  readonly read: (before: T) => Promise<T>;
  readonly isSame: (a: T, b: T) => boolean;
  /**
   * Is told before something else is in force.
   *
   * @throws where that cannot be: the former stays
   */
  readonly onChange?: (next: T, former: T) => void;
  readonly log: Logger;
}

/** Between two looks at the files. */
const LOOK_MS = 5_000;

/** What one look has found. */
type Look<T> = { readonly held: T } | { readonly problems: readonly string[] };

/**
 * Creates what follows files.
 *
 * @param first what they hold
 */
export function createFollowed<T>(first: T, deps: FollowedDeps<T>): Followed<T> {
  const { of, file, read, isSame, onChange, log } = deps;
  let current = first;
  /** What the last look has found, and what was held at the last look that found them right. */
  let [last, held]: [Look<T>, T] = [{ held: first }, first];
  const told = createTold();

  async function look(): Promise<Look<T>> {
    try {
      held = await read(held);
      return { held };
    } catch (error) {
      return { problems: problemsOf(error) };
    }
  }

  /** @returns what is wrong with it */
  function takeOver(next: T): readonly string[] {
    try {
      onChange?.(next, current);
    } catch (error) {
      return problemsOf(error);
    }
    current = next;
    told.isOver(of);
    log.info("changed files taken over", { of, file });
    return [];
  }

  function tell(problems: readonly string[]): void {
    if (problems.length === 0) {
      if (told.isOver(of)) log.info("changed files are the running ones again", { of, file });
    } else if (told.isNews(of, String(problems))) {
      for (const problem of problems) {
        log.warn("changed files not taken over, the running ones stay", { of, problem });
      }
    }
  }

  /** @returns what is wrong; `undefined` where that is to be seen at the next look */
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

/** Follows files while its tasks run, each for itself. @param onJudged is told after each look of those */
export type FollowAll = (all: readonly Following[], onJudged?: () => void) => Task[];

/**
 * Creates what follows the files of one service.
 *
 * @param onJudged is told whether all files that are followed hold what is in force
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
      judge(true); // what is followed no more is no trouble
    });
}

function problemsOf(error: unknown): readonly string[] {
  return error instanceof ConfigError ? error.problems : [errorText(error)];
}
