/** The bytes of answers that are written at once. Has no connection. @module */

import {
  asciiBytes,
  isBodiless,
  messageBytes,
  type ReplyFrame,
  replyHead,
  writeAscii,
} from "../../wire/message_bytes.ts";
import type { Parts, Reply } from "../message.ts";

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
  return {
    bytesOf({ status, headers, body }, date) {
      const text = typeof body === "string" ? body : isEmpty(body) ? "" : undefined;
      if (text === undefined || isBodiless(status)) return undefined;
      const whole = replyHead(status, headers, { length: text.length, date }) + text;
      if (whole.length > SHORT_BYTES) return undefined;
      const memory = kept.pop() ?? new Uint8Array(SHORT_BYTES);
      if (writeAscii(whole, memory)) {
        return { bytes: memory.subarray(0, whole.length), free: () => keep(memory) };
      }
      keep(memory);
      return undefined;
    },
  };
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
