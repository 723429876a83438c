/** The bytes of answers that are written at once. Has no connection. @module */

import {
  asciiBytes,
  isBodiless,
  messageBytes,
  type ReplyFrame,
  replyHead,
  writeAscii,
} from "../../wire/message_bytes.ts";
import { type Parts, RecurringReply, type Reply } from "../message.ts";

/** The longest short answer, head included. */
const SHORT_BYTES = 4_096;
/** The most buffers that are kept for later answers. */
const KEPT_MAX = 64;

/** A short answer, in a buffer that is reused. */
export interface ShortAnswer {
  readonly bytes: Uint8Array;
  /** Gives the buffer back after the answer was written. */
  free(): void;
}

/** The short answers of one server. */
export interface ShortAnswers {
  /**
   * Returns the bytes of an answer after which the connection is kept. The request must not be a HEAD.
   *
   * @returns `undefined` if the answer needs another form: it is too large, in parts, not ASCII, or has no
   *   body because of its status
   */
  bytesOf(reply: Reply, date: string): ShortAnswer | undefined;
}

/** Creates the short answers of one server. */
export function createShortAnswers(): ShortAnswers {
  const kept: Uint8Array[] = [];
  const keep = (memory: Uint8Array) => {
    if (kept.length < KEPT_MAX) kept.push(memory);
  };
  const recurring = new WeakMap<Reply, { readonly date: string; readonly short: ShortAnswer }>();

  function bytesOfOther(reply: Reply, date: string): ShortAnswer | undefined {
    const text = shortText(reply, date);
    if (text === undefined) return undefined;
    const memory = kept.pop() ?? new Uint8Array(SHORT_BYTES);
    if (writeAscii(text, memory)) {
      return { bytes: memory.subarray(0, text.length), free: () => keep(memory) };
    }
    keep(memory);
    return undefined;
  }

  /** Returns bytes that are never reused: several connections may be writing them. */
  function bytesOfRecurring(reply: RecurringReply, date: string): ShortAnswer | undefined {
    const before = recurring.get(reply);
    if (before?.date === date) return before.short;
    const text = shortText(reply, date);
    if (text === undefined) return undefined;
    const bytes = new Uint8Array(text.length);
    if (!writeAscii(text, bytes)) return undefined;
    const short = { bytes, free() {} };
    recurring.set(reply, { date, short });
    return short;
  }

  return {
    bytesOf: (reply, date) =>
      reply instanceof RecurringReply ? bytesOfRecurring(reply, date) : bytesOfOther(reply, date),
  };
}

/** Returns a whole answer as text, with one character for each byte if it is ASCII. */
function shortText({ status, headers, body }: Reply, date: string): string | undefined {
  const text = typeof body === "string" ? body : isEmpty(body) ? "" : undefined;
  if (text === undefined || isBodiless(status)) return undefined;
  const whole = replyHead(status, headers, { length: text.length, date }) + text;
  return whole.length > SHORT_BYTES ? undefined : whole;
}

function isEmpty(content: Uint8Array | Parts): boolean {
  return "length" in content && content.length === 0;
}

const encoder = new TextEncoder();

/**
 * Returns the bytes of any answer that is not in parts.
 *
 * @param frame without the length, which is that of the body
 * @param isHead whether the request was a HEAD, so that nothing follows the head
 */
export function bytesOf(
  { status, headers }: Pick<Reply, "status" | "headers">,
  content: string | Uint8Array,
  { frame, isHead }: { readonly frame: Omit<ReplyFrame, "length">; readonly isHead: boolean },
): Uint8Array {
  if (isBodiless(status)) return messageBytes(replyHead(status, headers, frame));
  const head = replyHead(status, headers, { ...frame, length: content.length });
  if (typeof content !== "string") return messageBytes(head, isHead ? undefined : content);
  const ascii = asciiBytes(head + content);
  if (!ascii) return bytesOf({ status, headers }, encoder.encode(content), { frame, isHead });
  return isHead ? ascii.subarray(0, head.length) : ascii;
}
