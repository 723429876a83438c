/** Answers that cost much: only so many clients at a time get one. @module */

import { type Parts, Reply } from "../message.ts";
import { failure } from "./envelope.ts";

const RETRY_AFTER_SECONDS = "1";

/**
 * Wraps an answer so that it is given to a few clients at a time, to the last of its parts; others get 429
 * in the meantime.
 *
 * @param max how many clients
 * @param what as it is named to the others
 */
export function fewAtATime<Asked extends unknown[]>(
  max: number,
  what: string,
  answer: (...asked: Asked) => Promise<Reply>,
): (...asked: Asked) => Promise<Reply> {
  let busy = 0;

  /** Counts until it is called, once. */
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
