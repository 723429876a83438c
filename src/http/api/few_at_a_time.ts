/** Limits how many clients get an expensive answer at a time. @module */

import { type Parts, Reply } from "../message.ts";
import { failure } from "./envelope.ts";

const RETRY_AFTER_SECONDS = "1";

/**
 * Wraps an answer so that a few clients at a time get it, up to the last of its parts. Others get a 429
 * meanwhile.
 *
 * @param max how many clients
 * @param what the name of the answer in the refusal
 */
export function fewAtATime<Asked extends unknown[]>(
  max: number,
  what: string,
  answer: (...asked: Asked) => Promise<Reply>,
): (...asked: Asked) => Promise<Reply> {
  let busy = 0;

  /** Counts a client. Returns a function that ends the count, once. */
  function enter(): () => void {
    let isIn = true;
    busy++;
    return () => {
      if (isIn) busy--;
      isIn = false;
    };
  }

  function untilEnded(parts: Parts, leave: () => void): Parts {
    return {
      next: () => parts.next(),
      return() {
        leave();
        return parts.return();
      },
    };
  }

  return async (...asked) => {
    if (busy === max) {
      const others = max === 1 ? "another client" : `${max} other clients`;
      const error = `${what} is being made for ${others}: try again later`;
      return failure(429, error, { headers: ["retry-after", RETRY_AFTER_SECONDS] });
    }
    const leave = enter();
    let isGiven = false;
    try {
      const { status, body, headers } = await answer(...asked);
      if (typeof body === "string" || body instanceof Uint8Array) {
        return new Reply(status, body, headers);
      }
      isGiven = true;
      return new Reply(status, untilEnded(body, leave), headers);
    } finally {
      if (!isGiven) leave();
    }
  };
}
