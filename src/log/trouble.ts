/** Decides what to log of repeated failures: one line, and one more when it works again. @module */

import { errorText } from "../log.ts";

/** The trouble with one thing that is tried again and again. */
export interface Trouble {
  /**
   * Counts a failure.
   *
   * @returns whether to log it: its reason was not logged since this last worked
   */
  isNews(error: unknown): boolean;
  /**
   * Called when it works.
   *
   * @returns what to log of the failures before; `undefined` if there were none. If it fails and works in
   *   turn, `undefined` until it has not failed for five minutes
   */
  over(): PastTrouble | undefined;
  /** As `over`, if nothing tells whether it works: it is over when it has not failed for five minutes. */
  calm(): PastTrouble | undefined;
  /** Whether it fails and works in turn, and is not over. */
  readonly flaps: boolean;
}

/** A trouble that is over, as fields of a log line. */
export type PastTrouble = {
  readonly failures: number;
  /** From the first failure until it worked, or until the last failure if it failed and worked in turn. */
  readonly seconds: number;
};

/** The troubles with several things of one kind: a {@linkcode Trouble} for each name. */
export interface Troubles {
  isNews(name: string, error: unknown): boolean;
  over(name: string): PastTrouble | undefined;
  flaps(name: string): boolean;
  forget(name: string): void;
}

/** More different reasons than these are not logged, because such texts differ each time. */
const REASONS_MAX = 16;
/** After this time without a failure, a trouble is certainly over. */
const CALM_MS = 300_000;
/** After this time without a failure, the next one begins a new trouble: it may have worked unnoticed. */
const FORGOTTEN_MS = 24 * 3_600_000;
/** What has failed again this often, each time before it was calm, fails and works in turn. */
const RETURNS_MAX = 2;
const NAMES_MAX = 10_000;

/**
 * Creates the trouble with something that has not failed yet.
 *
 * @param now a clock in milliseconds
 */
export function createTrouble(now: () => number = () => performance.now()): Trouble {
  const told = new Set<string>();
  let failures = 0;
  let [sinceMs, lastMs, endedMs] = [0, 0, -Infinity];
  let returns = 0;

  function end(untilMs: number): PastTrouble {
    const past = { failures, seconds: Math.round((untilMs - sinceMs) / 1_000) };
    failures = 0;
    told.clear();
    endedMs = now();
    return past;
  }

  function calm(): PastTrouble | undefined {
    return failures > 0 && now() - lastMs >= CALM_MS ? end(lastMs) : undefined;
  }

  return {
    isNews(error) {
      if (now() - lastMs >= FORGOTTEN_MS) {
        failures = 0;
        told.clear();
      }
      lastMs = now();
      if (failures++ === 0) {
        sinceMs = lastMs;
        returns = lastMs - endedMs < CALM_MS ? returns + 1 : 0;
      }
      const reason = reasonOf(error);
      if (told.has(reason) || told.size === REASONS_MAX) return false;
      told.add(reason);
      return true;
    },
    over() {
      if (failures === 0) return undefined;
      return returns < RETURNS_MAX ? end(now()) : calm();
    },
    calm,
    get flaps() {
      return failures > 0 && returns >= RETURNS_MAX;
    },
  };
}

/**
 * Creates the troubles with things of which none has failed yet. If more than ten thousand have failed, the
 * first one is forgotten.
 *
 * @param now a clock in milliseconds
 */
export function createTroubles(now?: () => number): Troubles {
  const all = new Map<string, Trouble>();
  return {
    isNews(name, error) {
      const trouble = all.get(name) ?? createTrouble(now);
      if (!all.has(name) && all.size >= NAMES_MAX) {
        const [oldest] = all.keys();
        all.delete(oldest);
      }
      all.set(name, trouble);
      return trouble.isNews(error);
    },
    over: (name) => all.get(name)?.over(),
    flaps: (name) => all.get(name)?.flaps ?? false,
    forget: (name) => void all.delete(name),
  };
}

/**
 * Returns what an error counts as: its `reason`, if it has one, because its text may hold a port or a time.
 */
function reasonOf(error: unknown): string {
  const reason = error instanceof Error && "reason" in error ? error.reason : undefined;
  return typeof reason === "string" ? reason : errorText(error);
}
