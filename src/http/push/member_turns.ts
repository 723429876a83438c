/**
 * Turns of pushes at each member: a burst waits for its turn, and delays pushes to no other member.
 *
 * @module
 */

import { deadline } from "../../concurrency/deadline.ts";
import { createTurns } from "../../concurrency/turns.ts";
import type { ProxyConfig } from "../../config/config.ts";
import type { Member } from "../../member.ts";

/** Limits how many pushes are sent to a member at once. */
export interface MemberTurns {
  /** Takes a turn if there is one without a wait. */
  tryTake(member: Member): Disposable | undefined;
  /**
   * Waits for a turn, for half of the timeout at most: the rest is for the answer.
   *
   * @param push.bytes the size of its body: the pushes that wait for one member may use a quarter of the
   *   memory for bodies
   * @returns `undefined` if there is no memory to wait in, or no turn in time
   */
  take(
    member: Member,
    push: { readonly bytes: number; readonly timeoutMs: number },
  ): Promise<Disposable | undefined>;
  /** Returns how many pushes wait for each member's answer. Members without any are left out. */
  counts(): ReadonlyMap<string, number>;
}

/** Pushes that wait for one member may use the memory for bodies divided by this. */
const PART = 4;

/** Creates turns, of which none is taken. */
export function createMemberTurns(
  limits: () => Pick<ProxyConfig, "inFlightMax" | "bodyMemoryMax">,
): MemberTurns {
  const turns = createTurns({ atOnce: () => limits().inFlightMax });
  const waitingBytes = new Map<Member, number>();
  return {
    tryTake: turns.tryTake,
    counts: turns.counts,
    async take(member, { bytes, timeoutMs }) {
      const before = waitingBytes.get(member) ?? 0;
      if (before + bytes > limits().bodyMemoryMax / PART) return undefined;
      waitingBytes.set(member, before + bytes);
      using late = deadline(timeoutMs / 2);
      try {
        return await turns.take(member, late.signal);
      } catch {
        return undefined; // only the deadline can end the wait
      } finally {
        const left = (waitingBytes.get(member) ?? bytes) - bytes;
        if (left > 0) waitingBytes.set(member, left);
        else waitingBytes.delete(member);
      }
    },
  };
}
