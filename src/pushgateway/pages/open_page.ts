/** Opens a large page of a member, and reads it no faster than it is used. @module */

import { createHandover } from "../../concurrency/handover.ts";
import type { Member } from "../../member.ts";
import { SendFailure } from "../client/connection.ts";
import { type PageRequest, type ReadWay, receivePage } from "./page.ts";

/** A page that has begun to arrive, so the member has already read its groups. */
export interface OpenPage {
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /**
   * Reads the next bytes, unpacked. They are valid until the next call.
   *
   * @returns `undefined` at the end of the page
   * @throws {SendFailure} if it breaks off; the signal's reason when it aborts
   */
  read(): Promise<Uint8Array | undefined>;
}

/** How much of a member's error text is reported. */
const REASON_BYTES_MAX = 200;

/**
 * Requests a page, and waits until it begins to arrive.
 *
 * @param way.timeoutMs for the whole page, including the time to read it
 * @param way.signal aborts the page. A caller that does not read a page to its end has to abort it.
 * @throws {SendFailure} if it does not arrive; the signal's reason when it aborts
 * @throws {TypeError} if its status is not 200
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
  // The writer of a piece does not notice that nobody requests the next one any more.
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
