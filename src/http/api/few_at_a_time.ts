/** Answers that cost much: one client at a time gets one. @module */

import { jsonReply, type Parts, Reply } from "../message.ts";

const RETRY_AFTER_SECONDS = "1";

/**
 * Wraps an answer so that it is given to one client at a time, to the last of its parts; others get 429
 * meanwhile.
 *
 * @param what as it is named to those
 */
export function oneAtATime<Asked extends unknown[]>(
  what: string,
  answer: (...asked: Asked) => Promise<Reply>,
): (...asked: Asked) => Promise<Reply> {
  let isBusy = false;

  function untilEnded(parts: Parts): Parts {
    return {
      next: () => parts.next(),
      return() {
        isBusy = false;
        return parts.return();
      },
    };
  }

  return async (...asked) => {
    if (isBusy) {
      const error = `${what} is being made for another client: ask again when that is done`;
      return jsonReply(429, { status: "error", error }, ["retry-after", RETRY_AFTER_SECONDS]);
    }
    isBusy = true;
    let isGiven = false;
    try {
      const { status, body, headers } = await answer(...asked);
      if (typeof body === "string" || body instanceof Uint8Array) {
        return new Reply(status, body, headers);
      }
      isGiven = true;
      return new Reply(status, untilEnded(body), headers);
    } finally {
      if (!isGiven) isBusy = false;
    }
  };
}
