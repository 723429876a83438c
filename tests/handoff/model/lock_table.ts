/** Locks that several instances in one process share, as they would in Consul. @module */

import { LockFailure, type Locks } from "../../../src/consul/locks/locks.ts";
import { createTurns, type Turns } from "../../../src/concurrency/turns.ts";
import type { Clockwork } from "./clockwork.ts";

/** What all instances share: who has which lock. */
export type LockTable = Turns;

export const createLockTable: () => LockTable = createTurns;

/** The locks of one instance. */
export interface MemoryLocks extends Locks {
  /** Consul can be asked no more, and what is held is lost; or it can be asked again. */
  setReachable(reachable: boolean): void;
  /** Whether a signal came with a lock that is still held. */
  isHeld(signal: AbortSignal): boolean;
}

/** Makes those of one instance. */
export function createMemoryLocks(table: LockTable, clockwork: Clockwork): MemoryLocks {
  const held = new WeakSet<AbortSignal>();
  let session: AbortController | undefined = new AbortController();

  return {
    async hold(name, work, { waitMs, signal }) {
      const present = session;
      if (!present) throw new LockFailure("unavailable", name);
      const patience = new AbortController();
      const timer = setTimeout(() => patience.abort(), waitMs);
      const within = AbortSignal.any([signal, present.signal]);
      let turn: Disposable;
      try {
        await clockwork.turn(`lock ${name}`, within);
        turn = await table.take(name, AbortSignal.any([within, patience.signal]));
      } catch {
        signal.throwIfAborted();
        throw new LockFailure(patience.signal.aborted ? "busy" : "unavailable", name);
      } finally {
        clearTimeout(timer);
      }
      held.add(within);
      // What has ended for Consul can be had by others, whether we have stopped or not.
      using stack = new DisposableStack();
      stack.use(turn);
      present.signal.addEventListener("abort", () => stack.dispose(), { once: true });
      const lost = () => present.signal.aborted && !signal.aborted;
      let result: Awaited<ReturnType<typeof work>>;
      try {
        result = await work(within);
      } catch (error) {
        throw lost() ? new LockFailure("lost", name, { cause: error }) : error;
      }
      if (lost()) throw new LockFailure("lost", name);
      return result;
    },
    setReachable(reachable) {
      if (!reachable) session?.abort(new Error("the session ended"));
      session = reachable ? session ?? new AbortController() : undefined;
    },
    isHeld: (signal) => held.has(signal) && !signal.aborted,
    get state() {
      return session ? "yes" as const : "unreachable" as const;
    },
    run: () => Promise.resolve(),
  };
}
