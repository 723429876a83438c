/** Answers that cost much: one client at a time gets one. @module */

const RETRY_AFTER_SECONDS = "1";

/**
 * Wraps an answer so that it is given to one client at a time; others get 429 meanwhile.
 *
 * @param what as it is named to those
 */
export function oneAtATime<Asked extends unknown[]>(
  what: string,
  answer: (...asked: Asked) => Promise<Response>,
): (...asked: Asked) => Promise<Response> {
  let isBusy = false;
  return async (...asked) => {
    if (isBusy) {
      const error = `${what} is being made for another client: ask again when that is done`;
      return Response.json({ status: "error", error }, {
        status: 429,
        headers: { "retry-after": RETRY_AFTER_SECONDS },
      });
    }
    isBusy = true;
    try {
      return await answer(...asked);
    } finally {
      isBusy = false;
    }
  };
}
