/**
 * Locks in Consul that one process at a time can hold: keys that belong to one session.
 *
 * When a lock is lost, a signal aborts before another process can acquire the lock, and work under it
 * stops. A paused process may still go on too late, so work that must never happen twice has to be safe
 * without the lock.
 *
 * A lock may leave its key behind as a *trace*. It tells the next holder of many locks which of them
 * another process has held lately. Beside the key, or without it, there may be a *note* for the next holder.
 *
 * @module
 */

import { abandonable, untilAborted } from "../../concurrency/abort.ts";
import { sleep } from "../../concurrency/backoff.ts";
import type { Logger } from "../../log.ts";
import { runGroup } from "../../concurrency/run_group.ts";
import { type ConsulClient, isStatus, type LockedKey, type Release } from "../client.ts";
import { follow } from "../../concurrency/follow.ts";
import { createHolders } from "./waiters.ts";
import { createLeftovers } from "./leftovers.ts";
import { createLooseNotes } from "./loose_notes.ts";
import {
  createSessionKeeper,
  type Session,
  type SessionKeeper,
  type SessionState,
} from "../session.ts";
import { createOwnTraces } from "./own_traces.ts";
import { createTraces } from "./traces.ts";
import { noteKey } from "../transactions.ts";
import { createTurns } from "../../concurrency/turns.ts";

/** Whether locks are available now. */
export type LocksState = SessionState;

export interface Locks {
  /**
   * Keeps the session that all locks belong to until the signal aborts. Then the locks are lost, and free
   * for others as soon as their holders have stopped. Failures of Consul are tried again, and logged
   * once for each reason.
   */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Runs work while holding a lock. One task of one process at a time can hold it. A task must not
   * ask for a lock that it holds already.
   *
   * @param work is called with a signal that aborts when the lock is no longer reliable, or with the
   *   caller's
   * @throws {LockFailure}
   * @throws the signal's reason when it aborts before the work has begun; whatever work throws
   */
  hold<T>(
    name: string,
    work: (signal: AbortSignal) => Promise<T>,
    options: HoldOptions,
  ): Promise<T>;
  /**
   * Runs work while holding those of many locks that are free. They leave no trace for others unless the
   * options say so. Traces of others stay.
   *
   * @param names at most {@linkcode KEYS_AT_ONCE_MAX}, each once
   * @param work is given those that are held and that nobody else has had since `sinceMs`, as far as
   *   that is within {@linkcode TRACE_MS}, and a signal that aborts when they can no longer be relied
   *   on, or with the caller's
   * @throws as {@linkcode hold}, but never "busy"
   */
  holdMany<T>(
    names: readonly string[],
    work: (names: ReadonlySet<string>, signal: AbortSignal) => Promise<T>,
    options: HoldManyOptions,
  ): Promise<T>;
  readonly state: LocksState;
  /** The session that all locks belong to. */
  readonly sessions: Pick<SessionKeeper, "current" | "watch" | "tried" | "since">;
}

/** How a lock is held. */
export interface HoldOptions {
  /** How long to wait while others hold the lock, in ms. */
  readonly waitMs: number;
  /** Ends the wait and the work. The result of the work is returned all the same. */
  readonly signal: AbortSignal;
  /** The key stays for {@linkcode TRACE_MS} at least. */
  readonly leavesTrace?: boolean;
  /** The notes to take and to leave with the lock. */
  readonly notes?: Notes;
}

/** A text that is left with a lock for the next holder. */
export interface Note {
  readonly text: string;
  /**
   * Whether the note may stay without the key, if it is one of many locks. If a process leaves too many such
   * notes, the oldest are deleted.
   */
  readonly isLoose: boolean;
}

/** Notes that are left with locks. They are lost when Consul fails. */
export interface Notes {
  /** Takes the note that was left with a lock which was just acquired. It is no longer in Consul. */
  take(name: string, note: string | undefined): void;
  /** Returns the note to leave with a lock that is about to be released. */
  leave(name: string): Note | undefined;
}

/** How to hold many locks. */
export interface HoldManyOptions {
  /** Since when nobody else may have had a lock, by the clock of `performance.now()`. */
  readonly sinceMs: number;
  /** The notes to leave with locks that nobody else has had; none by default. Notes of other locks stay. */
  readonly notes?: Pick<Notes, "leave">;
  /** The keys stay, as that of one lock may. */
  readonly leavesTraces?: boolean;
  /** The keys stay until this process has them next, or for {@linkcode TRACE_MS} at least. */
  readonly keepsKeys?: boolean;
  /** Ends the work; what work then returns is returned. */
  readonly signal: AbortSignal;
}

/**
 * Why a lock was not acquired, or not held for long enough.
 *
 * - `unavailable`: Consul cannot be asked, or forbids it. Known without waiting
 * - `busy`: somebody else held it for the whole wait
 * - `lost`: it was lost before the work had ended
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

/** Whether the error says that somebody else held the lock for too long. */
export function isBusy(error: unknown): boolean {
  return error instanceof LockFailure && error.kind === "busy";
}

/** What locks need; I/O as functions. */
export interface LocksDeps {
  readonly consul: Pick<
    ConsulClient,
    | "url"
    | "acquireKey"
    | "takeKey"
    | "releaseKey"
    | "leaveKey"
    | "acquireKeys"
    | "releaseKeys"
    | "freeKeys"
    | "deleteUnchanged"
    | "keyHolder"
    | "createSession"
    | "renewSession"
    | "destroySession"
    | "sessionExists"
  >;
  /** The prefix of the keys of locks, such as `dynamic-sharding/<service>/lock/`. */
  readonly prefix: string;
  readonly random: () => number;
  readonly log: Logger;
}

/** The options of a request for a lock. */
interface AcquireOptions {
  readonly signal: AbortSignal;
  readonly leavesTrace: boolean;
  /** Called when the lock was acquired, if notes are wanted. */
  readonly takeNote?: (note: string | undefined) => void;
}

/** One of many locks that are held, and how it is released. */
interface HeldOfMany extends LockedKey, Release {
  /** It is there for a note, or for a later turn of this process: it is no trace for others. */
  readonly isOnlyOurs: boolean;
  /** Since when nobody else has had it, where that is known. */
  readonly aloneMs?: number;
}

/** A lock that is held. Disposal, after its release, gives up the turn and the session. */
interface Held extends Disposable {
  readonly session: Session;
}

/**
 * Hundreds may want locks at once. Beyond these, calls wait here, where no timeout runs: a burst must
 * not look like a Consul that is gone, nor keep the session's renewals waiting.
 */
const CALLS_AT_ONCE_MAX = 30;

/** Creates locks. Nothing is sent to Consul until they run. */
export function createLocks({ consul, prefix, random, log }: LocksDeps): Locks {
  const turns = createTurns();
  const calls = createTurns({ atOnce: () => CALLS_AT_ONCE_MAX });
  const leftovers = createLeftovers({ consul, turns });
  const traces = createTraces({ consul, prefix });
  const looseNotes = createLooseNotes(consul);
  const ownTraces = createOwnTraces();
  const holders = createHolders({ consul, random });
  const keeper = createSessionKeeper({
    consul,
    // Consul shows the host. Two processes may share a host, and even their address.
    name: `${prefix}* of process ${Deno.pid}`,
    // The token may allow sessions, but not their keys: a key of its own shows that.
    async tryRights(session, signal) {
      await consul.acquireKey(`${prefix}${session}`, { session }, signal);
      await consul.releaseKey(`${prefix}${session}`, session, signal);
    },
    random,
    log,
  });

  function unavailable(key: string, cause?: unknown): LockFailure {
    const why = keeper.state === "forbidden" ? "Consul forbids it" : "it is not available now";
    const options = cause === undefined ? {} : { cause };
    return new LockFailure("unavailable", `the lock ${key} in Consul: ${why}`, options);
  }

  function lost(key: string, cause: unknown): LockFailure {
    const why = "it was lost before the work under it had ended";
    return new LockFailure("lost", `the lock ${key} in Consul: ${why}`, { cause });
  }

  /**
   * Waits for a lock.
   *
   * @param limits.patience aborts when the wait is to end
   * @throws {LockFailure} "unavailable" or "busy"
   * @throws the signal's reason when it aborts
   */
  async function obtain(
    key: string,
    { patience, ...options }: AcquireOptions & { readonly patience: AbortSignal },
  ): Promise<Held> {
    const { signal } = options;
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
    while (!await acquire(key, session, options)) {
      await wait(key, session, waiting);
      signal.throwIfAborted();
      if (session.signal.aborted) throw unavailable(key, session.signal.reason);
      if (patience.aborted) throw busy(key);
    }
    const kept = stack.move();
    return { session, [Symbol.dispose]: () => kept.dispose() };
  }

  /**
   * Waits until a call may be sent; disposal says that it was answered.
   *
   * @throws {LockFailure} "unavailable" if it has turned out in the meantime that Consul cannot be asked
   * @throws the signal's reason when it aborts
   */
  async function call(key: string, session: Session, signal: AbortSignal): Promise<Disposable> {
    using stack = new DisposableStack();
    stack.use(await calls.take("call", signal));
    if (keeper.current() !== session) throw unavailable(key, session.signal.reason);
    return stack.move();
  }

  async function acquire(
    key: string,
    session: Session,
    { signal, leavesTrace, takeNote }: AcquireOptions,
  ): Promise<boolean> {
    using _call = await call(key, session, signal);
    try {
      const usable = AbortSignal.any([signal, session.signal]);
      if (!takeNote) return await consul.acquireKey(key, { session: session.id }, usable);
      const taken = await consul.takeKey(key, session.id, usable);
      if (taken) takeNote(taken.note);
      return taken !== undefined;
    } catch (error) {
      if (!isStatus(error, 403)) leftovers.mayComeToHold(key, session, leavesTrace);
      signal.throwIfAborted();
      session.suspect(error);
      throw unavailable(key, error);
    }
  }

  /** Returns whether the session held it until now. */
  async function release(
    key: string,
    session: Session,
    { leavesTrace, note }: { readonly leavesTrace: boolean; readonly note?: string },
  ): Promise<boolean> {
    if (session.signal.aborted) return false;
    try {
      using _call = await call(key, session, session.signal);
      if (!leavesTrace) return await consul.releaseKey(key, session.id, session.signal);
      const aloneMs = performance.now();
      const leaving = { session: session.id, ...(note !== undefined && { note }) };
      const left = await consul.leaveKey(key, leaving, session.signal);
      if (left) ownTraces.left(left, { aloneMs });
      return left !== undefined;
    } catch (error) {
      leftovers.mayStillHold(key, session, leavesTrace);
      if (!(error instanceof LockFailure)) session.suspect(error);
      return !session.signal.aborted;
    }
  }

  /** Acquires as many of some keys as are free. */
  async function acquireMany(
    keys: readonly string[],
    session: Session,
    signal: AbortSignal,
  ): Promise<readonly LockedKey[]> {
    using _call = await call(keys[0], session, signal);
    try {
      const usable = AbortSignal.any([signal, session.signal]);
      return await consul.acquireKeys(keys, session.id, usable);
    } catch (error) {
      // Some may be traces of others.
      for (const key of isStatus(error, 403) ? [] : keys) {
        leftovers.mayComeToHold(key, session, true);
      }
      signal.throwIfAborted();
      session.suspect(error);
      throw unavailable(keys[0], error);
    }
  }

  /** Returns whether the session held them until now. */
  async function releaseMany(keys: readonly HeldOfMany[], session: Session): Promise<boolean> {
    if (session.signal.aborted) return false;
    try {
      using _call = await call(keys[0].key, session, session.signal);
      const heldMs = performance.now();
      const { held, left, notes } = await consul.releaseKeys(keys, session.id, session.signal);
      const loose = new Set(keys.filter(({ stays }) => !stays).map(({ key }) => noteKey(key)));
      looseNotes.left(notes.filter(({ key }) => loose.has(key)));
      const byKey = new Map(keys.map((one) => [one.key, one]));
      for (const key of left) {
        const { aloneMs = heldMs, isOnlyOurs = false } = byKey.get(key.key) ?? {};
        ownTraces.left(key, { aloneMs, isOnlyOurs });
      }
      return held;
    } catch (error) {
      for (const { key, stays } of keys) leftovers.mayStillHold(key, session, stays);
      if (!(error instanceof LockFailure)) session.suspect(error);
      return !session.signal.aborted;
    }
  }

  /** Waits until it is worth trying again; returns early when the signal aborts. */
  async function wait(key: string, session: Session, signal: AbortSignal): Promise<void> {
    const waiting = AbortSignal.any([signal, session.signal]);
    const look = async () => {
      using _call = await call(key, session, waiting);
      return await consul.keyHolder(key, { waitSeconds: 0 }, waiting);
    };
    try {
      await holders.becomesFree(key, await look(), waiting);
    } catch (error) {
      if (waiting.aborted) return;
      if (error instanceof LockFailure) throw error;
      session.suspect(error);
      throw unavailable(key, error);
    }
  }

  return {
    run: (signal) => runGroup([keeper.run, leftovers.run, traces.run, looseNotes.run], signal),

    async hold(name, work, { waitMs, signal, leavesTrace = false, notes }) {
      const key = `${prefix}${name}`;
      const patience = new AbortController();
      const timer = setTimeout(() => patience.abort(), waitMs);
      let obtained: Held;
      try {
        // At the very start it is not yet known whether Consul can be asked.
        await sleep(waitMs, AbortSignal.any([keeper.tried, signal]));
        signal.throwIfAborted();
        obtained = await obtain(key, {
          patience: patience.signal,
          signal,
          leavesTrace,
          ...(notes && { takeNote: (note) => notes.take(name, note) }),
        });
      } finally {
        clearTimeout(timer);
      }
      using held = obtained;
      const { session } = held;
      const done = () => {
        const note = notes?.leave(name);
        return release(key, session, { leavesTrace, ...(note && { note: note.text }) });
      };
      using within = follow([signal, session.signal]);
      let result: Awaited<ReturnType<typeof work>>;
      try {
        result = await work(within.signal);
      } catch (error) {
        if (await done() || signal.aborted) throw error;
        throw lost(key, error);
      }
      if (await done() || signal.aborted) return result;
      throw lost(key, session.signal.reason);
    },

    async holdMany(
      names,
      work,
      { sinceMs, notes, leavesTraces = false, keepsKeys = false, signal },
    ) {
      const first = `${prefix}${names[0]}`;
      await abandonable(untilAborted(keeper.tried), signal);
      using stack = new DisposableStack();
      const wanted = new Map<string, string>();
      for (const name of names) {
        const key = `${prefix}${name}`;
        // One that may be held unasked is left in peace until it is known to be free.
        const turn = leftovers.has(key) ? undefined : turns.tryTake(key);
        if (!turn) continue;
        stack.use(turn);
        wanted.set(key, name);
      }
      const session = keeper.current();
      if (!session) throw unavailable(first);
      stack.use(session.use());
      const held = wanted.size > 0 ? await acquireMany([...wanted.keys()], session, signal) : [];
      using within = follow([signal, session.signal]);
      /** Those that nobody else has had, by their names, and since when. */
      const alone = new Map<string, number>();
      for (const key of held) {
        const aloneMs = isTraced(key) ? ownTraces.aloneSince(key) ?? Infinity : sinceMs;
        if (aloneMs <= sinceMs) alone.set(nameOf(key), aloneMs);
      }
      const done = () => held.length === 0 ? true : releaseMany(held.map(letGo), session);
      let result: Awaited<ReturnType<typeof work>>;
      try {
        result = await work(new Set(alone.keys()), within.signal);
      } catch (error) {
        if (await done() || signal.aborted) throw error;
        throw lost(first, error);
      }
      if (await done() || signal.aborted) return result;
      throw lost(first, session.signal.reason);

      function nameOf({ key }: LockedKey): string {
        return wanted.get(key) ?? "";
      }

      /** What was a trace of somebody's turn stays one. */
      function letGo(key: LockedKey): HeldOfMany {
        const name = nameOf(key);
        const aloneMs = alone.get(name);
        const isOnlyOurs = !leavesTraces && (!isTraced(key) || ownTraces.isOnlyOurs(key));
        if (aloneMs === undefined) return { ...key, isOnlyOurs, stays: !isOnlyOurs };
        const note = notes?.leave(name);
        const stays = note?.isLoose === false || !isOnlyOurs || keepsKeys;
        return { ...key, isOnlyOurs, aloneMs, note: note?.text ?? null, stays };
      }
    },

    get state() {
      return keeper.state;
    },
    sessions: keeper,
  };
}

/** Whether the key was there before it was acquired. */
function isTraced({ times }: LockedKey): boolean {
  return times > 1;
}

function busy(key: string): LockFailure {
  return new LockFailure("busy", `the lock ${key} in Consul: another held it for too long`);
}
