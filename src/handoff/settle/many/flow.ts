/**
 * Limits how many writes to one member are on their way at once: as many as it answers soon. A member that
 * checks each push against all that it holds takes one after the other, and clients wait behind our writes.
 *
 * @module
 */

import { createTurns } from "../../../concurrency/turns.ts";

/** Writes to one member. */
export interface Flow {
  /**
   * Sends a write when its turn has come.
   *
   * @throws what `send` throws; the signal's reason when it aborts first
   */
  run<T>(send: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** How many writes may be on their way now. */
  readonly width: number;
}

/** Returns the writes to a member. */
export type Flows<Name> = (member: Name) => Flow;

const WIDTH_FIRST = 4;
const WIDTH_MAX = 16;
/** An answer within the first time lets more writes be sent, and one after the second time fewer. */
const [SOON_MS, LATE_MS] = [20, 60];
const SHRINK = 0.7;

/** Creates the flow to a member of which nothing is known. */
export function createFlow(now: () => number = () => performance.now()): Flow {
  let width = WIDTH_FIRST;
  const turns = createTurns({ atOnce: () => Math.floor(width) });
  /** When the width was last reduced. One late answer counts for all writes that were sent before it came. */
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

/** Creates the flows, each when it is first asked for. */
export function createFlows<Name>(): Flows<Name> {
  const flows = new Map<Name, Flow>();
  return (member) => {
    const flow = flows.get(member) ?? createFlow();
    flows.set(member, flow);
    return flow;
  };
}
