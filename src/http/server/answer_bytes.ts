/** The bytes of answers that are written at once. Holds no connection. @module */

import {
  asciiBytes,
  isBodiless,
  messageBytes,
  type ReplyFrame,
  replyHead,
  writeAscii,
} from "../../wire/message_bytes.ts";
import type { Parts, Reply } from "../message.ts";

/** Of a short answer. */
const SHORT_BYTES = 4_096;
/** Pieces of memory that are kept for answers to come. */
const KEPT_MAX = 64;

/** A short answer, in memory that is used again. */
export interface ShortAnswer {
  readonly bytes: Uint8Array;
  /** The answer was written. */
  free(): void;
}

/** Short answers of one server. */
export interface ShortAnswers {
  /**
   * Writes an answer to a request that is no HEAD, after which the connection goes on.
   *
   * @returns absent where it has another form: a larger one, one in parts or beyond ASCII, or one
   *   without a body by its status
   */
  bytesOf(reply: Reply, date: string): ShortAnswer | undefined;
}

/** Creates short answers, of which none is written yet. */
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
 * The bytes of any answer that is not in parts.
 *
 * @param frame without the length, which is that of the body
 * @param isHead nothing follows the head: the request was a HEAD
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
