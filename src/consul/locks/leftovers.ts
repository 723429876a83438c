/**
 * Keys that a session may still hold because an acquire or a release was not answered. They are released
 * until Consul confirms that they are free.
 *
 * @module
 */

import { sleep } from "../../concurrency/backoff.ts";
import { createWake } from "../../concurrency/wake.ts";
import type { ConsulClient } from "../client.ts";
import type { Session } from "../session.ts";
import type { Turns } from "../../concurrency/turns.ts";

export interface Leftovers {
  /**
   * Notes a key whose acquire was not answered: Consul may yet do it.
   *
   * @param isTrace whether the key stays there when it is released: it may have been there before
   */
  mayComeToHold(key: string, session: Session, isTrace: boolean): void;
  /**
   * Notes a key whose release was not answered: Consul may yet do it, too.
   *
   * @param isTrace whether the key stays there when it is released
   */
  mayStillHold(key: string, session: Session, isTrace: boolean): void;
  /** Whether a key is noted, and not yet known to be free. */
  has(key: string): boolean;
  /** Releases until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** A key, and how it is released. */
interface Leftover {
  readonly session: Session;
  /** The time from which a release is final. */
  readonly settledMs: number;
  readonly isTrace: boolean;
}

const INTERVAL_MS = 5_000;
/** An agent without a leader keeps a request for 7 s before it gives up (`rpc_hold_timeout`). */
const LATE_MS_MAX = 10_000;

/** Creates an empty list of leftovers. */
export function createLeftovers(
  { consul, turns }: { consul: Pick<ConsulClient, "releaseKey" | "leaveKey">; turns: Turns },
): Leftovers {
  const keys = new Map<string, Leftover>();
  const wake = createWake();

  function note(key: string, { session, settledMs, isTrace }: Leftover): void {
    // A release that was not answered must not shorten the wait for an acquire that came before it.
    const before = keys.get(key);
    const same = before?.session === session ? before : undefined;
    keys.set(key, {
      session,
      settledMs: Math.max(settledMs, same?.settledMs ?? 0),
      isTrace: isTrace || same?.isTrace === true,
    });
    wake.raise();
  }

  /** Returns whether the key is done with. */
  async function settle(key: string, signal: AbortSignal): Promise<boolean> {
    const noted = keys.get(key);
    if (!noted || noted.session.signal.aborted) return true; // a session's keys go with it
    using turn = turns.tryTake(key);
    if (!turn) return false; // somebody wants the key by now, and releases it afterwards
    const { session, settledMs, isTrace } = noted;
    const askedMs = performance.now();
    try {
      const within = AbortSignal.any([signal, session.signal]);
      // A note that was left beside it may not hold any more.
      if (isTrace) await consul.leaveKey(key, { session: session.id, note: null }, within);
      else await consul.releaseKey(key, session.id, within);
      return askedMs >= settledMs;
    } catch {
      return false; // the session's renewals report whether Consul can be reached
    }
  }

  return {
    mayComeToHold: (key, session, isTrace) =>
      note(key, { session, settledMs: performance.now() + LATE_MS_MAX, isTrace }),
    mayStillHold: (key, session, isTrace) =>
      note(key, { session, settledMs: performance.now() + LATE_MS_MAX, isTrace }),
    has: (key) => keys.has(key),
    async run(signal) {
      while (!signal.aborted) {
        for (const key of [...keys.keys()]) {
          if (await settle(key, signal)) keys.delete(key);
        }
        if (keys.size === 0) await wake.wait(signal);
        else await sleep(INTERVAL_MS, signal);
      }
    },
  };
}
