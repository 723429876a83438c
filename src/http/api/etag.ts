/** Tells a client that the answer that it already has is unchanged (RFC 9110, 13.1.2). @module */

import { createHash } from "node:crypto";
import { Reply } from "../message.ts";

/** The tags of `If-None-Match`, each with its quotes. A `W/` before them makes no difference here. */
const TAGS = /"[\x21\x23-\x7e\x80-\xff]*"/g;

/**
 * Adds a strong `ETag` to the answer of a GET or HEAD. If the client sends that tag, or `*`, the answer
 * becomes a 304. Answers other than a 200 are not changed.
 *
 * @param reply a reply with a text as its body
 * @param headers the headers of the request, names and values in turn
 */
export function withEtag(reply: Reply, headers: readonly string[]): Reply {
  const { status, body } = reply;
  if (status !== 200 || typeof body !== "string") return reply;
  const etag = `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"`;
  return isKnown(etag, headers)
    ? new Reply(304, "", ["etag", etag])
    : new Reply(status, body, [...reply.headers, "etag", etag]);
}

function isKnown(etag: string, headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i].toLowerCase() !== "if-none-match") continue;
    const value = headers[i + 1];
    if (value.trim() === "*" || value.match(TAGS)?.includes(etag)) return true;
  }
  return false;
}
