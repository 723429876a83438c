/** Opens a large page of a member, to be read no faster than it is used. @module */

import { createHandover } from "../../concurrency/handover.ts";
import type { Member } from "../../member.ts";
import { SendFailure } from "../client/connection.ts";
import { type PageRequest, type ReadWay, receivePage } from "./page.ts";

/** A page that has begun to come: the member has looked at its groups. */
export interface OpenPage {
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /**
   * Reads the next bytes, unpacked. They are good until the next call.
   *
   * @returns nothing at the end of the page
   * @throws {SendFailure} where it breaks off; the signal's reason when it aborts
   */
  read(): Promise<Uint8Array | undefined>;
}

/** How much of a member's own words is passed on. */
const REASON_BYTES_MAX = 200;

/**
 * Asks for a page, and waits until it begins to come.
 *
 * @param way.timeoutMs for the whole page, however slowly it is read
 * @param way.signal ends it; a caller that does not read a page to its end has to abort it
 * @throws {SendFailure} where it does not come; the signal's reason when it aborts
 * @throws {TypeError} where it is answered with another status than 200
 */
export async function openPage(
  member: Member,
  request: Omit<PageRequest, "take">,
  way: Omit<ReadWay, "now"> & { readonly signal: AbortSignal },
): Promise<OpenPage> {
  const { signal } = way;
  const pieces = createHandover<Uint8Array>();
  let hasBegun = false;
  const begun = Promise.withResolvers<readonly string[]>();
  // Who takes a piece does not see that nobody asks for the next one any more.
  const giveUp = () => pieces.fail(signal.reason);

  async function receive(): Promise<void> {
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      const begins = (headers: readonly string[]) => {
        hasBegun = true;
        begun.resolve(headers);
      };
      const sink = { begins, take: pieces.give };
      const { status, headers, body } = await receivePage(member, request, sink, way);
      if (status !== 200) {
        const reason = new TextDecoder().decode(body.subarray(0, REASON_BYTES_MAX)).trim();
        throw new TypeError(`expected 200 from ${request.target}, found ${status}: ${reason}`);
      }
      begun.resolve(headers);
      pieces.end();
    } catch (error) {
      const isLate = hasBegun && error instanceof SendFailure && error.kind === "timeout";
      const why = `the page did not come to its end within ${Math.ceil(way.timeoutMs)} ms`;
      const failure = isLate ? new SendFailure("timeout", why, { cause: error.cause }) : error;
      begun.reject(failure);
      pieces.fail(failure);
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  void receive();
  return { headers: await begun.promise, read: pieces.take };
}
