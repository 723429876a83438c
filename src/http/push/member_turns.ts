/** Turns of pushes at each member: a burst waits for its turn, and holds up no other member. @module */

import { deadline } from "../../concurrency/deadline.ts";
import { createTurns } from "../../concurrency/turns.ts";
import type { ProxyConfig } from "../../config/config.ts";
import type { Member } from "../../member.ts";

/** Who may send to a member now. */
export interface MemberTurns {
  /** Takes a turn where that needs no wait. */
  tryTake(member: Member): Disposable | undefined;
  /**
   * Waits for a turn, for half of the timeout at most: the rest is for the answer.
   *
   * @param push.bytes of its body: those that wait for one member have a quarter of the memory for bodies
   * @returns absent where there is no memory to wait in, or no turn in time
   */
  take(
    member: Member,
    push: { readonly bytes: number; readonly timeoutMs: number },
  ): Promise<Disposable | undefined>;
  /** How many pushes wait for each member's answer, where any does. */
  counts(): ReadonlyMap<string, number>;
}

/** Of the memory for bodies, for those that wait for one member. */
const PART = 4;

/** Creates turns that nobody has. */
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
        return undefined; // the deadline has passed: nothing else ends it
      } finally {
        const left = (waitingBytes.get(member) ?? bytes) - bytes;
        if (left > 0) waitingBytes.set(member, left);
        else waitingBytes.delete(member);
      }
    },
  };
}
