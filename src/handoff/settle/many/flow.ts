/**
 * How many writes are on their way to one member at once: as many as it answers soon. One that checks
 * each push against all that it holds takes one after the other, and clients wait behind ours.
 *
 * @module
 */

import { createTurns } from "../../../concurrency/turns.ts";

/** Writes to one member. */
export interface Flow {
  /**
   * Sends one when its turn has come.
   *
   * @throws what `send` throws; the signal's reason when it aborts first
   */
  run<T>(send: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** How many may be on their way now. */
  readonly width: number;
}

/** Writes to members, by member. */
export type Flows<Name> = (member: Name) => Flow;

const WIDTH_FIRST = 4;
const WIDTH_MAX = 16;
/** An answer within this time lets more be sent, one beyond that fewer. */
const [SOON_MS, LATE_MS] = [20, 60];
const SHRINK = 0.7;

/** Creates the flow to a member that nothing is known of. */
export function createFlow(now: () => number = () => performance.now()): Flow {
  let width = WIDTH_FIRST;
  const turns = createTurns({ atOnce: () => Math.floor(width) });
  /** One late answer tells for all that were sent before it came. */
  let shrunkMs = -Infinity;

  function answered(sentMs: number): void {
    const ms = now() - sentMs;
    if (ms < SOON_MS) width = Math.min(WIDTH_MAX, width + 1 / width);
    else if (ms > LATE_MS && sentMs > shrunkMs) {
      width = Math.max(1, width * SHRINK);
      shrunkMs = now();
    }
  }

  return {
    async run(send, signal) {
      using _turn = await turns.take("write", signal);
      const sentMs = now();
      try {
        return await send();
      } finally {
        answered(sentMs);
      }
    },
    get width() {
      return Math.floor(width);
    },
  };
}

/** Creates flows, each when it is asked for first. */
export function createFlows<Name>(): Flows<Name> {
  const flows = new Map<Name, Flow>();
  return (member) => {
    const flow = flows.get(member) ?? createFlow();
    flows.set(member, flow);
    return flow;
  };
}
