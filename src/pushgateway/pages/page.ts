/**
 * Reads one large page of a member in parts: a member with 100,000 groups has a page of 44 MB, and of 135 MB
 * as JSON. Nothing of it is kept here, and pushes are forwarded meanwhile.
 *
 * @module
 */

import type { Member } from "../../member.ts";
import { clockAhead, type ClockBounds } from "../clock.ts";
import { createGunzip, type Gunzip } from "./gunzip.ts";
import { headerValue } from "../../wire/headers.ts";
import { createPace } from "../../concurrency/pace.ts";
import type { Answer } from "../client/answer.ts";
import type { Transport } from "../client/transport.ts";

/** How members are read. */
export interface ReadWay {
  readonly transport: Transport;
  /** The timeout of each page. */
  readonly timeoutMs: number;
  /** Returns Unix time in milliseconds. */
  readonly now: () => number;
}

/** Which page is read, and where it goes. */
export interface PageRequest {
  /** Path below the Pushgateways' route prefix. */
  readonly target: string;
  /** Media types for `Accept`. */
  readonly accept: string;
  /** Takes the next bytes of a page with status 200, unpacked. They are valid during the call. */
  take(bytes: Uint8Array): void;
}

/** The outcome of reading a page. */
export interface PageAnswer {
  /** 200: the whole page was taken. Otherwise nothing was taken. */
  readonly status: number;
  readonly clockAhead: ClockBounds;
}

/** Bytes between two looks at the clock: well below a millisecond of work. */
const PIECE_BYTES = 32_768;

/**
 * Reads a page.
 *
 * @throws {SendFailure} if it does not arrive completely
 * @throws what `take` throws; the signal's reason when it aborts
 */
export async function readPage(
  member: Member,
  { target, accept, take }: PageRequest,
  { transport, timeoutMs, now, signal }: ReadWay & { readonly signal: AbortSignal },
): Promise<PageAnswer> {
  const pace = createPace(signal);
  const sentAt = now();
  let begunAt: number | undefined;

  async function takeInPieces(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      take(bytes.subarray(at, at + PIECE_BYTES));
      if (pace.tired) await pace.rest();
    }
  }

  const { status, headers } = await receivePage(member, { target, accept }, {
    begins: () => begunAt = now(),
    take: takeInPieces,
  }, { transport, timeoutMs, signal });
  const answeredAt = begunAt ?? now();
  return { status, clockAhead: clockAhead(headerValue(headers, "date"), { sentAt, answeredAt }) };
}

/** Takes a page as it arrives. */
export interface PageSink {
  /** Called with the headers of a page with status 200, before its first bytes. */
  begins(headers: readonly string[]): void;
  /**
   * Takes the next bytes, unpacked. They are valid until it has finished, and nothing more is read before.
   */
  take(bytes: Uint8Array): Promise<void>;
}

/**
 * Requests a page, compressed, and unpacks it.
 *
 * @throws the same as {@linkcode readPage}
 */
export async function receivePage(
  member: Member,
  { target, accept }: Omit<PageRequest, "take">,
  { begins, take }: PageSink,
  { transport, timeoutMs, signal }: Omit<ReadWay, "now"> & { readonly signal: AbortSignal },
): Promise<Answer> {
  let hasBegun = false;
  let gunzip: Gunzip | undefined;
  try {
    const answer = await transport.send(member, {
      method: "GET",
      target,
      headers: ["accept", accept, "accept-encoding", "gzip"],
    }, {
      timeoutMs,
      signal,
      onBody(chunk, headers) {
        if (!hasBegun) {
          hasBegun = true;
          begins(headers);
          const packed = headerValue(headers, "content-encoding")?.toLowerCase() === "gzip";
          if (packed) gunzip = createGunzip(take);
        }
        return gunzip ? gunzip.write(chunk) : take(chunk);
      },
    });
    await gunzip?.end();
    return answer;
  } catch (error) {
    await gunzip?.abort();
    signal.throwIfAborted(); // if it has aborted, the member has not failed
    throw error;
  }
}
