/** The bytes of answers that are written at once, and are not short. Has no connection. @module */

import {
  asciiBytes,
  isBodiless,
  messageBytes,
  type ReplyFrame,
  replyHead,
} from "../../wire/message_bytes.ts";
import type { Reply } from "../message.ts";

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
