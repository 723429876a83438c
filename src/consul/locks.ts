/**
 * Locks that one process of many can have, kept in Consul: keys that hang on one session.
 *
 * A lock says when it is lost by a signal that aborts before another can have it; what is done under
 * it stops then. Nothing here keeps a paused process from going on too late, so what must never
 * happen twice has to be safe without the lock.
 *
 * @module
 */

import { backoffMs, sleep } from "../backoff.ts";
import type { Logger } from "../log.ts";
import { runGroup } from "../run_group.ts";
import { type ConsulClient, isStatus } from "./client.ts";
import { follow } from "./follow.ts";
import { becomesFree, isTakenAway } from "./holders.ts";
import { createLeftovers } from "./leftovers.ts";
import { createSessionKeeper, type Session, type SessionState } from "./session.ts";
import { createTurns } from "./turns.ts";

/** Whether locks can be had now. */
export type LocksState = SessionState;

export interface Locks {
  /**
   * Keeps the session that all locks hang on until the signal aborts; the locks are lost then, and
   * free for others as soon as those who held them have stopped. Failures of Consul are logged, not
   * each time again, and tried again.
   */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Runs work while holding a lock that one task of one process at a time can have. A task must not
   * ask for a lock that it holds already.
   *
   * @param work is given a signal that aborts when the lock can no longer be relied on, or with
   *   the caller's
   * @param options.waitMs how long others may hold it
   * @param options.signal ends the wait, and the work; what work then returns is returned
   * @throws {LockFailure}
   * @throws the signal's reason when it aborts before the work has begun; whatever work throws
   */
  hold<T>(
    name: string,
    work: (signal: AbortSignal) => Promise<T>,
    options: { readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<T>;
  /**
   * Holds a lock again and again, waiting for it without end: for as long as the consumer's body
   * runs. Yields a signal that aborts when the lock is lost, or with the caller's. Ends when that
   * one aborts, without an error.
   */
  terms(name: string, signal: AbortSignal): AsyncIterable<AbortSignal>;
  readonly state: LocksState;
}

/**
 * Why a lock was not had, or not for long enough.
 *
 * - `unavailable`: Consul cannot be asked, or forbids it; known without waiting
 * - `busy`: somebody else held it for all the time that could be waited
 * - `lost`: it was lost before work had ended
 */
export type LockFailureKind = "unavailable" | "busy" | "lost";

export class LockFailure extends Error {
  override readonly name = "LockFailure";
  readonly kind: LockFailureKind;

  constructor(kind: LockFailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** What locks need; I/O as functions. */
export interface LocksDeps {
  readonly consul: Pick<
    ConsulClient,
    | "url"
    | "acquireKey"
    | "releaseKey"
    | "keyHolder"
    | "createSession"
    | "renewSession"
    | "destroySession"
    | "sessionExists"
  >;
  /** What the locks' keys begin with, as `dynamic-sharding/<service>/lock/`. */
  readonly prefix: string;
  readonly random: () => number;
  readonly log: Logger;
}

/** A lock that is had. */
interface Held {
  readonly session: Session;
  readonly key: string;
  /** Gives it back, and says whether it was held all the time. Never throws. */
  release(): Promise<boolean>;
}

/** Between two terms: others get a chance, and a consumer that fails at once does not spin. */
const TERM_INTERVAL_MS = 100;
const TERM_RETRY = { firstMs: 500, maxMs: 2_000 };

/** Makes locks; nothing is asked of Consul until they run. */
export function createLocks({ consul, prefix, random, log }: LocksDeps): Locks {
  const turns = createTurns();
  const leftovers = createLeftovers({ consul, turns });
  const keeper = createSessionKeeper({
    consul,
    name: `${prefix}*`,
    rights: `session_prefix "" { policy = "write" } key_prefix "${prefix}" { policy = "write" }`,
    // A session may be allowed where its keys are not: one of its own shows that.
    async tryRights(session, signal) {
      await consul.acquireKey(`${prefix}${session}`, session, signal);
      await consul.releaseKey(`${prefix}${session}`, session, signal);
    },
    random,
    log,
  });

  function unavailable(key: string, cause?: unknown): LockFailure {
    const why = keeper.state === "forbidden" ? "Consul forbids it" : "it cannot be asked for now";
    const options = cause === undefined ? {} : { cause };
    return new LockFailure("unavailable", `the lock ${key} in Consul: ${why}`, options);
  }

  /**
   * Waits for a lock.
   *
   * @param limits.patience aborts when it shall not be waited for any longer
   * @throws {LockFailure} "unavailable" or "busy"
   * @throws the signal's reason when it aborts
   */
  async function obtain(
    name: string,
    { patience, signal }: { patience: AbortSignal; signal: AbortSignal },
  ): Promise<Held> {
    const key = `${prefix}${name}`;
    const waiting = AbortSignal.any([patience, signal]);
    if (!keeper.current()) throw unavailable(key);
    using stack = new DisposableStack();
    try {
      stack.use(await turns.take(key, waiting));
    } catch {
      signal.throwIfAborted();
      throw busy(key);
    }
    const session = keeper.current();
    if (!session) throw unavailable(key);
    stack.use(session.use());
    while (!await acquire(key, session, signal)) {
      await wait(key, session, waiting);
      signal.throwIfAborted();
      if (session.signal.aborted) throw unavailable(key, session.signal.reason);
      if (patience.aborted) throw busy(key);
    }
    const kept = stack.move();
    return {
      session,
      key,
      async release() {
        using _kept = kept;
        return await release(key, session);
      },
    };
  }

  async function acquire(key: string, session: Session, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    try {
      const usable = AbortSignal.any([signal, session.signal]);
      return await consul.acquireKey(key, session.id, usable);
    } catch (error) {
      if (!isStatus(error, 403)) leftovers.mayComeToHold(key, session);
      signal.throwIfAborted();
      session.suspect(error);
      throw unavailable(key, error);
    }
  }

  /** Says whether the session held it until now. */
  async function release(key: string, session: Session): Promise<boolean> {
    if (session.signal.aborted) return false;
    try {
      return await consul.releaseKey(key, session.id, session.signal);
    } catch (error) {
      leftovers.mayStillHold(key, session);
      session.suspect(error);
      return !session.signal.aborted;
    }
  }

  /** Waits until it is worth trying again; returns early when the signal aborts. */
  async function wait(key: string, session: Session, signal: AbortSignal): Promise<void> {
    const waiting = AbortSignal.any([signal, session.signal]);
    try {
      await becomesFree(key, { consul, random }, waiting);
    } catch (error) {
      session.suspect(error);
      throw unavailable(key, error);
    }
  }

  /** Yields once; the lock is given back when the consumer's body has ended. */
  async function* term(held: Held, signal: AbortSignal): AsyncGenerator<AbortSignal, void> {
    const ended = new AbortController();
    const taken = new AbortController();
    using term = follow([signal, held.session.signal, taken.signal]);
    const watching = (async () => {
      const watched = AbortSignal.any([term.signal, ended.signal]);
      await isTakenAway(held, { consul, random }, watched);
      if (watched.aborted) return;
      taken.abort(new Error(`the lock ${held.key} in Consul was taken away`));
    })();
    try {
      yield term.signal;
    } finally {
      ended.abort();
      await watching;
      await held.release();
    }
  }

  return {
    run: (signal) => runGroup([keeper.run, leftovers.run], signal),

    async hold(name, work, { waitMs, signal }) {
      const patience = new AbortController();
      const timer = setTimeout(() => patience.abort(), waitMs);
      let held: Held;
      try {
        // At the very start it is not yet known whether Consul can be asked.
        await sleep(waitMs, AbortSignal.any([keeper.tried, signal]));
        held = await obtain(name, { patience: patience.signal, signal });
      } finally {
        clearTimeout(timer);
      }
      const { key, session } = held;
      const lost = (cause: unknown) => {
        const why = "it was lost before the work under it had ended";
        return new LockFailure("lost", `the lock ${key} in Consul: ${why}`, { cause });
      };
      using within = follow([signal, session.signal]);
      let result: Awaited<ReturnType<typeof work>>;
      try {
        result = await work(within.signal);
      } catch (error) {
        if (await held.release() || signal.aborted) throw error;
        throw lost(error);
      }
      if (await held.release() || signal.aborted) return result;
      throw lost(session.signal.reason);
    },

    async *terms(name, signal) {
      for (let failures = 0; !signal.aborted;) {
        let held: Held;
        try {
          held = await obtain(name, { patience: signal, signal });
        } catch (error) {
          if (signal.aborted) return;
          if (!(error instanceof LockFailure)) throw error;
          failures++;
          await sleep(backoffMs(failures, TERM_RETRY, random), signal);
          continue;
        }
        failures = 0;
        yield* term(held, signal);
        await sleep(TERM_INTERVAL_MS, signal);
      }
    },

    get state() {
      return keeper.state;
    },
  };
}

function busy(key: string): LockFailure {
  return new LockFailure("busy", `the lock ${key} in Consul: another held it for too long`);
}
